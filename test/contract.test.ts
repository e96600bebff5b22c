/** The public contract beyond the numbers: copies, one call of f, reports, progress, abort, blocks, prepared problems. */

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  createRuntime,
  float64,
  hessian,
  hessianBlocks,
  hvp,
  jacobian,
  jacobianBlocks,
  jvp,
  NdArray,
  type Progress,
  prepareHessian,
  prepareJacobian,
  valueAndGrad,
  vjp,
} from '../src/index.ts';

type T = tf.Tensor;
const cube = (v: T): T => tf.sum(tf.pow(v, 3));
const point = (n: number) => Float64Array.from({ length: n }, (_, i) => i + 1);

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('values', () => {
  test('x and data are copied when the call is made', async () => {
    const x = point(3);
    const w = Float64Array.of(1, 1, 1);
    const pending = hessian((v: T, d: T) => tf.sum(tf.mul(tf.pow(v, 3), d)), x, { data: w });
    x.fill(100);
    w.fill(100);
    const { H } = await pending;
    expect([H.get(0, 0), H.get(1, 1), H.get(2, 2)]).toEqual([6, 12, 18]);
  });

  test('tensors given may be disposed as soon as the call is made', async () => {
    const x = tf.tensor1d([1, 2]);
    const scale = tf.tensor1d([3, 5]);
    const pending = hessian((v: T) => tf.sum(tf.mul(tf.square(v), scale)), x);
    tf.dispose([x, scale]);
    expect([...(await pending).H.data]).toEqual([6, 0, 0, 10]);
  });

  test('f is called once, with a tensor for every leaf', async () => {
    const f = vi.fn((x: { s: T; v: T[]; n: null }, data: { k: T }) => {
      expect([x.s.shape, x.v[0].shape, x.v[1].shape, x.v[2].shape, x.n]).toEqual([[], [2], [1, 2], [3], null]);
      expect(data.k.dtype).toBe('int32');
      return tf.add(tf.square(x.s), tf.sum(tf.square(x.v[2])));
    });
    const x = {
      s: 2,
      v: [Float32Array.of(1, 2), tf.tensor2d([[3, 4]]), new NdArray([3], Float32Array.of(1, 2, 3))],
      n: null,
    };
    const { H } = await hessian(f as never, x as never, {
      nbatches: 4,
      data: { k: tf.tensor1d([1], 'int32') } as never,
    });
    expect(f).toHaveBeenCalledTimes(1);
    expect(H.shape).toEqual([8, 8]);
  });

  test('precision follows the leaves, and the option wins', async () => {
    const dtype = async (x: unknown, options = {}) =>
      (await hessian((() => tf.scalar(1)) as never, x as never, options)).H.dtype;
    expect(await dtype(Float64Array.of(1))).toBe('float64');
    expect(await dtype(float64([1]))).toBe('float64');
    expect(await dtype([Float32Array.of(1), new NdArray([1], Float64Array.of(1))])).toBe('float64');
    expect(await dtype(Float32Array.of(1))).toBe('float32');
    expect(await dtype(1)).toBe('float32');
    expect(await dtype(Float64Array.of(1), { precision: 'float32' })).toBe('float32');
    expect(await dtype(1, { precision: 'float64' })).toBe('float64');
  });

  test('float64 keeps a constant that a bare number loses', async () => {
    const slope = async (f: (v: T) => T) => (await jacobian(f, Float64Array.of(1))).J.data[0];
    const constant = float64(0.1);
    expect(await slope((v) => tf.sum(tf.mul(v, constant)))).toBe(0.1);
    expect(await slope((v) => tf.sum(tf.mul(v, float64(0.1).mul(2))))).toBe(0.2);
    expect(await slope((v) => tf.sum(tf.mul(v, 0.1)))).toBe(Math.fround(0.1));
    constant.dispose();
  });

  test('Matrix: get, row, toArray, toTensor, over shared memory', async () => {
    const { H } = await hessian(cube, point(2));
    expect(H.data.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([H.get(1, 1), [...H.row(1)], H.toArray()]).toEqual([
      12,
      [0, 12],
      [
        [6, 0],
        [0, 12],
      ],
    ]);
    const tensor = H.toTensor();
    expect([tensor.shape, [...tensor.dataSync()]]).toEqual([
      [2, 2],
      [6, 0, 0, 12],
    ]);
    // A tensor of a float64 result is a float64 leaf again.
    expect((await hessian(cube, tensor)).H.dtype).toBe('float64');
    tensor.dispose();
    const { J } = await jacobian((v: T) => tf.outerProduct(v as tf.Tensor1D, v as tf.Tensor1D), point(2));
    expect([J.shape, [...J.row(3)], J.get(1, 0)]).toEqual([[2, 2, 2], [0, 4], 2]);
  });

  test('unflatten gives a tree like x that keeps its precision', async () => {
    const x = { b: 1, a: [Float64Array.of(2, 3), float64([[4]], [1, 1])] };
    const { unflatten } = await hessian(
      ({ a, b }: { a: T[]; b: T }) => tf.addN([cube(a[0]), cube(a[1]), cube(b)]) as never,
      x as never,
    );
    const back = unflatten(Float64Array.of(0.1, 0.2, 0.3, 0.4)) as never as { a: [Float64Array, NdArray]; b: number };
    expect(back.a[0]).toEqual(Float64Array.of(0.1, 0.2));
    expect(back.a[1]).toMatchObject({ shape: [1, 1], dtype: 'float64', data: Float64Array.of(0.3) });
    expect(back.b).toBe(0.4);
    const { H } = await hessian(
      ({ a, b }: { a: T[]; b: T }) => tf.addN([cube(a[0]), cube(a[1]), cube(b)]) as never,
      back as never,
    );
    expect(H.get(3, 3)).toBe(6 * 0.4);
    expect(() => unflatten(new Float64Array(3))).toThrow(/4/);
  });
});

describe('report and plan', () => {
  test('name what was done', async () => {
    const { report } = await hessian(cube, point(10), { nbatches: 4, checkpoint: true });
    expect(report).toMatchObject({
      n: 10,
      nbatches: 4,
      blockSize: 3,
      device: 'cpu',
      precision: 'float64',
      checkpoint: true,
    });
    expect(report.tileWidth).toBeLessThanOrEqual(3);
    expect(report.flops).toBeGreaterThan(0);
    expect(report.estimatedPeakBytes).toBeGreaterThanOrEqual(800);
    expect(Object.keys(report.phases).sort()).toEqual(['compile', 'record', 'run', 'stitch', 'transform']);
    for (const ms of Object.values(report.phases)) expect(ms).toBeGreaterThanOrEqual(0);
    expect(report.columnsPerSecond).toBeGreaterThan(0);
  });

  test('a plan prints itself', async () => {
    const prepared = await prepareHessian(cube, point(10), { nbatches: 5 });
    expect(prepared.plan).toMatchObject({ n: 10, nbatches: 5, blockSize: 2 });
    expect(String(prepared.plan)).toMatch(/10/);
    await prepared.close();
  });

  test('modes: an explicit nbatches goes forward, few outputs go in reverse by cost', async () => {
    const many = (v: T): T => tf.sum(tf.sin(v));
    expect((await jacobian(many, point(300))).report.mode).toBe('reverse');
    expect((await jacobian(many, point(300), { nbatches: 3 })).report.mode).toBe('forward');
    const tall = (v: T): T => tf.sin(tf.tile(v, [300]));
    expect((await jacobian(tall, point(1))).report.mode).toBe('forward');
  });
});

describe.each([1, 2])('progress, abort and close with %i workers', (workers) => {
  const runtime = createRuntime({ workers });
  afterAll(() => runtime.close());

  test('progress climbs to all columns', async () => {
    const seen: Progress[] = [];
    await runtime.hessian(cube, point(40), { nbatches: 20, onProgress: (p) => seen.push(p) });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((p, i) => i === 0 || p.columnsDone >= seen[i - 1].columnsDone)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ columnsDone: 40, columnsTotal: 40 });
    expect(seen.at(-1)?.etaMs).toBe(0);
  });

  test('what onProgress throws fails the call, or is reported, but never crashes', async () => {
    const boom = () => {
      throw new Error('progress bar broke');
    };
    await runtime.hessian(cube, point(8), { nbatches: 8, onProgress: boom }).catch((error) => {
      expect(String(error)).toMatch(/progress bar broke/);
    });
    expect((await runtime.hessian(cube, point(1))).H.get(0, 0)).toBe(6);
  });

  test('abort in the middle rejects with the reason, and the pool stays usable', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = runtime.hessian(cube, point(600), {
      nbatches: 600,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(pending).rejects.toBe(reason);
    expect((await runtime.hessian(cube, point(2))).H.get(1, 1)).toBe(12);
  });

  test('calls overlap and each gets its own result', async () => {
    const calls = [1, 2, 3, 4, 5].map((k) => runtime.hessian((v: T) => tf.mul(k, cube(v)), point(4), { nbatches: 4 }));
    const results = await Promise.all(calls);
    expect(results.map(({ H }) => H.get(3, 3))).toEqual([24, 48, 72, 96, 120]);
  });
});

describe('blocks', () => {
  test('of the Hessian: whole columns, each once, of the plan’s widths', async () => {
    const blocks = hessianBlocks(cube, point(7), { nbatches: 3 });
    const plan = await blocks.plan;
    expect(plan).toMatchObject({ n: 7, blockSize: 3 });
    const columns: number[] = [];
    for await (const {
      rows,
      columns: [c0, c1],
      data,
    } of blocks) {
      expect(rows).toEqual([0, 7]);
      expect(data.length).toBe(7 * (c1 - c0));
      for (let j = c0; j < c1; j++) {
        columns.push(j);
        expect(data[j * (c1 - c0) + j - c0]).toBe(6 * (j + 1));
      }
    }
    expect(columns.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(blocks.unflatten(point(7))).toEqual(point(7));
  });

  test('of a Jacobian in reverse: whole rows, each once', async () => {
    const f = (v: T): T => tf.concat([tf.square(v), v]);
    const rows: number[] = [];
    for await (const block of jacobianBlocks(f, point(3), { mode: 'reverse', nbatches: 4 })) {
      expect(block.columns).toEqual([0, 3]);
      for (let i = block.rows[0]; i < block.rows[1]; i++) {
        rows.push(i);
        const row = [...block.data.slice((i - block.rows[0]) * 3, (i - block.rows[0] + 1) * 3)];
        expect(row).toEqual([0, 1, 2].map((j) => (j === i % 3 ? (i < 3 ? 2 * (j + 1) : 1) : 0)));
      }
    }
    expect(rows.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('breaking out stops the work, and a second loop over the same blocks does not hang', async () => {
    const blocks = hessianBlocks(cube, point(500), { nbatches: 500 });
    let count = 0;
    for await (const _ of blocks) if (++count === 3) break;
    expect(count).toBe(3);
    const again = blocks[Symbol.asyncIterator]();
    const outcome = await Promise.race([
      again.next().catch(() => 'refused'),
      new Promise((r) => setTimeout(r, 5000, 'hung')),
    ]);
    expect(outcome).not.toBe('hung');
    await again.return?.();
    expect((await hessian(cube, point(1))).H.get(0, 0)).toBe(6);
  });
});

describe('prepared', () => {
  test('evaluates anywhere, in order, without recording again', async () => {
    const f = vi.fn((v: T, d: { k: T }) => tf.mul(cube(v), d.k));
    const prepared = await prepareHessian(f, point(3), { data: { k: 1 } });
    const results = await Promise.all(
      [1, 2, 3].map((k) =>
        prepared.evaluate(
          point(3).map((v) => v * k),
          { data: { k } },
        ),
      ),
    );
    expect(f).toHaveBeenCalledTimes(1);
    expect(results.map(({ H }) => H.get(2, 2))).toEqual([18, 72, 162]);
    await prepared.close();
    await expect(prepared.evaluate(point(3))).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('a point may come in other kinds of leaves of the same shapes', async () => {
    const prepared = await prepareJacobian((v: T) => tf.square(v), point(2));
    for (const x of [Float32Array.of(3, 4), tf.tensor1d([3, 4]), new NdArray([2], Float64Array.of(3, 4))]) {
      expect([...(await prepared.evaluate(x as never)).J.data]).toEqual([6, 0, 0, 8]);
    }
    await prepared.close();
  });
});

describe('products', () => {
  test('give trees like x and like f(x)', async () => {
    const x = { a: Float64Array.of(1, 2), b: 3 };
    const f = ({ a, b }: { a: T; b: T }): T => tf.add(cube(a), tf.mul(tf.sum(a), tf.square(b)));
    const v = { a: Float64Array.of(1, 0), b: 1 };
    expect(await hvp(f, x, v)).toEqual({ a: Float64Array.of(12, 6), b: 12 });
    const both = await valueAndGrad(f, x);
    expect(both.gradient).toEqual({ a: Float64Array.of(12, 21), b: 18 });
    expect(numberOf(both.value)).toBe(36);
    const forward = await jvp(f, x, v);
    expect(numberOf(forward.tangent)).toBe(30);
    const backward = await vjp(({ a }: { a: T; b: T }) => ({ s: tf.square(a) }), x, {
      s: Float64Array.of(1, 10),
    } as never);
    expect(backward.gradient).toEqual({ a: Float64Array.of(2, 40), b: 0 });
  });
});

const numberOf = (leaf: unknown): number => (leaf instanceof NdArray ? leaf.data[0] : (leaf as number));
