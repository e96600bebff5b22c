/** A 64-200-180-1 tanh network, mean squared error over 256 samples: H has 10 GB, so its first columns are streamed. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

export const mlpLarge = (): Workload => {
  const d = new Draw(12);
  const w2 = d.tensor([200, 180], 0.1);
  const b2 = d.tensor([180], 0.1);
  const w1 = d.tensor([64, 200], 0.2);
  const b1 = d.tensor([200], 0.1);
  const w3 = d.tensor([180, 1], 0.1);
  const b3 = d.tensor([1], 0.1);
  const inputs = d.tensor([256, 64]);
  const labels = d.tensor([256, 1]);
  const f = ([w2, b2, w1, b1, w3, b3]: tf.Tensor[]): tf.Tensor => {
    const h1 = tf.tanh(tf.add(tf.matMul(inputs, w1), b1));
    const h2 = tf.tanh(tf.add(tf.matMul(h1, w2), b2));
    return tf.mean(tf.squaredDifference(tf.add(tf.matMul(h2, w3), b3), labels));
  };
  // The largest leaf comes first, so that the columns that are timed are the bulk of the matrix.
  return {
    name: 'mlp-large',
    about: '64-200-180-1 tanh network, 256 samples, the first 1024 columns',
    n: 49_361,
    f,
    x: [w2, b2, w1, b1, w3, b3],
    columns: 1024,
    peerBatches: 32,
    runs: 3,
  };
};
