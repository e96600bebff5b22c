/** Native programs in worker threads: larger ones after smaller ones, again and again, to the bit whatever the number of threads. */

import * as tf from '@tensorflow/tfjs';
import { expect, test, vi } from 'vitest';
import { createRuntime, hessian } from '../../../src/index.ts';
import { maxDifference } from '../../plan/run-planned.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Every element one place on along an axis, periodically. */
const roll = (u: tf.Tensor, by: 1 | -1, axis: 0 | 1): tf.Tensor => {
  const length = u.shape[axis] as number;
  const [front, back] = tf.split(u, by === 1 ? [length - 1, 1] : [1, length - 1], axis);
  return tf.concat([back, front], axis);
};

/** Steps of a reaction-diffusion equation on a periodic grid, summed up with a softened absolute value. */
const reaction =
  (side: number) =>
  (x: tf.Tensor): tf.Tensor => {
    let u = tf.reshape(x, [side, side]);
    for (let step = 0; step < 6; step++) {
      const sides = tf.addN([roll(u, 1, 0), roll(u, -1, 0), roll(u, 1, 1), roll(u, -1, 1)]);
      u = tf.addN([u, tf.mul(0.1, tf.sub(sides, tf.mul(4, u))), tf.mul(0.05, tf.tanh(u))]);
    }
    return tf.sum(tf.sqrt(tf.add(tf.square(u), 0.1)));
  };

const point = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => Math.sin(3 * i + 1));

test('one, two and three threads agree, as their memories grow', async () => {
  const matrices = new Map<number, ArrayLike<number>[]>();
  for (const workers of [1, 2, 3]) {
    await using runtime = createRuntime({ workers });
    for (let round = 0; round < 3; round++) {
      for (const side of [4, 9, 16]) {
        const { H, report } = await runtime.hessian(reaction(side), point(side * side), { nbatches: 4 });
        expect(report.workers).toBe(workers);
        expect(String(report)).toMatch(/point .* on native/);
        expect(String(report)).toMatch(/ native /);
        matrices.set(side, [...(matrices.get(side) ?? []), H.data]);
      }
    }
  }
  for (const [side, found] of matrices) {
    for (const other of found.slice(1)) expect(other).toEqual(found[0]);
    const { H } = await hessian(reaction(side), point(side * side), { jit: false });
    expect(maxDifference(H.data, found[0])).toBeLessThan(1e-13);
  }
});
