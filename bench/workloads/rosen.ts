/** The Rosenbrock chain with a dense result of 400 MB: a test of memory more than of arithmetic. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

const N = 10_000;

export const rosen = (): Workload => {
  const x = new Draw(4).tensor([N]);
  const f = (v: tf.Tensor): tf.Tensor => {
    const head = tf.slice(v, 0, N - 1);
    const tail = tf.slice(v, 1, N - 1);
    const valley = tf.mul(100, tf.squaredDifference(tail, tf.square(head)));
    return tf.sum(tf.add(valley, tf.square(tf.sub(1, head))));
  };
  return { name: 'rosen', about: 'Rosenbrock chain, a dense result of 400 MB', n: N, f, x, peerBatches: 40, runs: 5 };
};
