/** Worker threads do the work: several thread ids compute tiles, and their number never changes a bit of the result. */

import { threadId } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test, vi } from 'vitest';
import { createRuntime, jacobian } from '../src/index.ts';
import { networks } from './scenarios/networks.ts';
import { physics } from './scenarios/physics.ts';
import { derivativeOf } from './scenarios/scenario.ts';

// Many compilations per test: seconds on a quiet machine.
vi.setConfig({ testTimeout: 90_000 });

const scenario = (name: string) => {
  const found = [...networks.scenarios, ...physics.scenarios].find((s) => s.name === name);
  if (!found) throw new Error(`no scenario ${name}`);
  return found;
};

/** Enough work per tile that two threads share it. */
const heavy = (x: tf.Tensor): tf.Tensor => {
  let h = tf.matMul(tf.reshape(x, [20, 20]), tf.ones([20, 4000]));
  for (let i = 0; i < 8; i++) h = tf.sin(tf.add(h, tf.mul(0.5, tf.tanh(h))));
  return tf.sum(tf.square(h));
};
const point = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1) / 4);

describe('threads', () => {
  test('more than one thread computes tiles, none of them the calling one', async () => {
    await using runtime = createRuntime({ workers: 2 });
    let busy: { readonly threadId: number; readonly tiles: number }[] = [];
    // On a busy machine the first thread may be through with all tiles before the second has started.
    for (let k = 0; k < 10 && busy.length < 2; k++) {
      const { report } = await runtime.hessian(heavy, point(400), { nbatches: 100 });
      expect(report.workers).toBe(2);
      busy = report.threads.filter((thread) => thread.tiles > 0);
    }
    expect(new Set(busy.map((thread) => thread.threadId)).size).toBe(2);
    expect(busy.map((thread) => thread.threadId)).not.toContain(threadId);
    expect(busy.reduce((sum, thread) => sum + thread.tiles, 0)).toBeGreaterThanOrEqual(100);
  });

  test.each(['float32', 'float64'] as const)('fill a result of megabytes alike, %s', async (precision) => {
    const n = 601;
    const mix = tf.tensor2d(
      Float32Array.from({ length: n * 30 }, (_, i) => Math.cos(i) / 8),
      [n, 30],
    );
    const f = (x: { a: tf.Tensor; b: tf.Tensor }): tf.Tensor => {
      const h = tf.tanh(tf.matMul(tf.reshape(tf.concat([x.a, x.b]), [1, n]), mix));
      return tf.add(tf.sum(tf.square(h)), tf.sum(tf.sin(x.a)));
    };
    const all = point(n);
    const x = { a: all.slice(0, 450), b: all.slice(450) };
    const matrices: Float64Array[] = [];
    for (const options of [{ workers: 1 }, { workers: 2 }, { workers: 2, jit: false, symmetric: false }] as const) {
      const { workers, ...rest } = options;
      await using runtime = createRuntime({ workers });
      const problem = await runtime.prepareHessian(f as never, x as never, { precision, ...rest });
      for (let k = 0; k < 2; k++) {
        const { H } = await problem.evaluate(x as never);
        matrices.push(Float64Array.from(H.data));
      }
    }
    const [first, ...others] = matrices;
    for (const other of others.slice(0, 3))
      expect(Buffer.compare(Buffer.from(first.buffer), Buffer.from(other.buffer))).toBe(0);
    const far = precision === 'float32' ? 1e-5 : 1e-13;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (first[i * n + j] !== first[j * n + i]) throw new Error(`H[${i}, ${j}] is not H[${j}, ${i}]`);
        if (!(Math.abs(first[i * n + j] - others[3][i * n + j]) < far)) throw new Error(`H[${i}, ${j}]`);
      }
    }
  });

  test('a small problem runs in the calling thread', async () => {
    const { report } = await jacobian((x: tf.Tensor) => tf.sin(x), point(3));
    expect(report.workers).toBe(0);
    expect(report.threads.map((thread) => thread.threadId)).toEqual([threadId]);
  });
});

describe.each([true, false])('jit: %s, one and two workers and none agree bitwise', (jit) => {
  test.each(['mlp', 'attention', 'convnet', 'heat', 'optics'].map(scenario))('$name', async (s) => {
    for (const precision of ['float32', 'float64'] as const) {
      const options = { jit, nbatches: Math.min(7, s.n) };
      const results = [];
      for (const workers of [1, 2, 3]) {
        await using runtime = createRuntime({ workers });
        results.push((await derivativeOf(s, precision, options, runtime)).matrix.data);
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    }
  });
});
