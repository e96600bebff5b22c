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
