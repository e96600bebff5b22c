/** No call leaves anything behind: no tensor, no thread, no timer, no listener, and no reason to keep a process alive. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  createRuntime,
  float64,
  hessian,
  hessianBlocks,
  hessianToPytree,
  hvp,
  jacobian,
  jvp,
  prepareHessian,
  prepareJacobian,
  valueAndGrad,
  vjp,
} from '../src/index.ts';

type T = tf.Tensor;
const x = () => Float64Array.of(0.5, 1, 1.5, 2);
const scalar = (v: T): T => tf.sum(tf.pow(tf.sin(v), 3));
const array = (v: T): T => tf.softmax(tf.mul(v, 2));

/** What tfjs counts, and the registered kernels' and hooks' host. */
const memory = () => {
  const { numTensors, numBytes, numDataBuffers } = tf.memory();
  return { numTensors, numBytes, numDataBuffers, backend: tf.getBackend() };
};

beforeAll(async () => {
  await tf.setBackend('cpu');
  // What is made once per process (kernels, default runtime, caches) is no leak.
  await hessian(scalar, x());
});

describe('tf.memory() is as before', () => {
  let before: ReturnType<typeof memory>;
  beforeEach(() => {
    before = memory();
  });
  afterEach(() => {
    expect(memory()).toEqual(before);
  });

  const calls: [string, () => Promise<unknown>][] = [
    ['hessian', () => hessian(scalar, x())],
    ['hessian, interpreted', () => hessian(scalar, x(), { jit: false })],
    ['hessian, checkpointed', () => hessian(scalar, x(), { checkpoint: true, nbatches: 2 })],
    ['jacobian', () => jacobian(array, x())],
    ['jacobian in reverse', () => jacobian(array, x(), { mode: 'reverse' })],
    ['hvp', () => hvp(scalar, x(), x())],
    ['jvp', () => jvp(array, x(), x())],
    ['vjp', () => vjp(array, x(), x())],
    ['valueAndGrad', () => valueAndGrad(scalar, x())],
    ['hessianToPytree', async () => hessianToPytree((await hessian(scalar, x())).H, x())],
    ['f that throws', () => hessian(() => tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3]))), x())],
    ['f that reads', () => hessian((v: T) => tf.scalar(tf.sin(v).dataSync()[0]), x())],
    ['f that returns an array', () => hessian((v: T) => tf.sin(v), x())],
    ['f that keeps tensors', () => hessian((v: T) => tf.sum(tf.mul(tf.tensor1d([1, 2, 3, 4]).add(1), v)), x())],
    ['f that uses tf.grad', () => hessian((v: T) => tf.sum(tf.grad(scalar)(v)), x())],
    [
      'f that tidies and disposes',
      () =>
        hessian((v: T) => {
          const y = tf.tidy(() => tf.sin(v));
          const z = tf.sum(tf.square(y));
          y.dispose();
          return z;
        }, x()),
    ],
    ['a result that is not finite', () => hessian((v: T) => tf.sum(tf.sqrt(tf.sub(v, 0.5))), x())],
    ['bad options', () => hessian(scalar, x(), { nbatches: 99 })],
    [
      'blocks, broken off',
      async () => {
        for await (const _ of hessianBlocks(scalar, x(), { nbatches: 4 })) break;
      },
    ],
  ];
  test.each(calls)('%s', async (_, call) => {
    await call().catch(() => undefined);
    await call().catch(() => undefined);
  });

  test('prepared problems, closed or not', async () => {
    const [first, second] = [await prepareHessian(scalar, x()), await prepareJacobian(array, x())];
    for (const prepared of [first, second]) {
      await prepared.evaluate(x());
      await prepared.evaluate(x().map((v) => v + 1));
    }
    await first.close();
  });

  test('an aborted call', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(hessian(scalar, x(), { signal })).rejects.toThrow('enough');
  });

  test('results that are asked for as tensors are the caller’s', async () => {
    const { H } = await hessian(scalar, x());
    const tensor = H.toTensor();
    expect(tf.memory().numTensors).toBe(before.numTensors + 1);
    tensor.dispose();
  });

  test('the tensors of x stay the caller’s, alive', async () => {
    const point = { a: float64([1, 2]), b: tf.tensor1d([3]) };
    await hessian(({ a, b }: typeof point) => tf.add(tf.sum(tf.square(a)), tf.sum(tf.mul(a, b))), point);
    expect([point.a.isDisposed, point.b.isDisposed]).toEqual([false, false]);
    expect([...point.a.dataSync()]).toEqual([1, 2]);
    tf.dispose(point);
  });
});

describe('after close()', () => {
  /** What keeps the event loop or the process' emitters busy, one entry each. */
  const handles = (): string[] => [
    ...process.getActiveResourcesInfo(),
    ...process.eventNames().flatMap((name) => new Array(process.listenerCount(name)).fill(`listener ${String(name)}`)),
  ];

  /** What is there and wasn't before; the test runner's own timers come and go. */
  const left = (before: readonly string[]): string[] => {
    const known = [...before];
    return handles().filter((name) => {
      const place = known.indexOf(name);
      if (place >= 0) known.splice(place, 1);
      return place < 0;
    });
  };

  /** Ports and threads close on the next turns of the loop. */
  const settled = async (before: readonly string[]): Promise<string[]> => {
    for (let i = 0; i < 40 && left(before).length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 25));
    return left(before);
  };

  test.each([1, 2])('no thread, timer or listener of a pool of %s', async (workers) => {
    const controller = new AbortController();
    const before = handles();
    const runtime = createRuntime({ workers });
    await runtime.hessian(scalar, x(), { nbatches: 4, signal: controller.signal });
    await expect(runtime.hessian((v: T) => tf.sum(tf.log(tf.sub(v, 0.5))), x())).rejects.toThrow();
    for await (const _ of runtime.hessianBlocks(scalar, x(), { nbatches: 4 })) break;
    await runtime.close();
    expect(await settled(before)).toEqual([]);
  });

  test('closing twice, or before any work, is harmless', async () => {
    const before = handles();
    const runtime = createRuntime({ workers: 2 });
    await runtime.close();
    await runtime.close();
    await expect(runtime.hessian(scalar, x())).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await settled(before)).toEqual([]);
  });
});

describe('a script that calls hessian once ends by itself', () => {
  const root = new URL('..', import.meta.url);
  const run = (options: object) =>
    new Promise<{ code: number | null; signal: string | null; out: string; err: string }>((resolve) => {
      const script = fileURLToPath(new URL('test/children/once.mjs', root));
      const entry = new URL('dist/src/index.js', root).href;
      const child = spawn(process.execPath, [script, entry, JSON.stringify(options)], { timeout: 80_000 });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      child.on('close', (code, signal) => resolve({ code, signal, out, err }));
    });

  test.each([{}, { workers: 2, nbatches: 2 }, { workers: 1, jit: false }, { workers: 2, nbatches: 20 }])(
    'with %j',
    async (options) => {
      const { code, signal, out, err } = await run(options);
      expect({ code, signal }, err).toEqual({ code: 0, signal: null });
      const said = JSON.parse(out.trim().split('\n').at(-1) ?? '');
      expect(said).toMatchObject({ shape: [40, 40], ...('workers' in options ? { workers: options.workers } : {}) });
    },
    90_000, // a process of its own, on a busy machine
  );
});
