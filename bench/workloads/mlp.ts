/** A 16-64-64-1 tanh network, mean squared error over 256 samples. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

type Weights = Record<'w1' | 'b1' | 'w2' | 'b2' | 'w3' | 'b3', tf.Tensor>;

export const mlp = (): Workload => {
  const d = new Draw(1);
  const w1 = d.tensor([16, 64], 0.4);
  const b1 = d.tensor([64], 0.1);
  const w2 = d.tensor([64, 64], 0.2);
  const b2 = d.tensor([64], 0.1);
  const w3 = d.tensor([64, 1], 0.2);
  const b3 = d.tensor([1], 0.1);
  const inputs = d.tensor([256, 16]);
  const labels = d.tensor([256, 1]);
  const f = (x: Weights): tf.Tensor => {
    const h1 = tf.tanh(tf.add(tf.matMul(inputs, x.w1), x.b1));
    const h2 = tf.tanh(tf.add(tf.matMul(h1, x.w2), x.b2));
    return tf.mean(tf.squaredDifference(tf.add(tf.matMul(h2, x.w3), x.b3), labels));
  };
  return {
    name: 'mlp',
    about: '16-64-64-1 tanh network, 256 samples',
    n: 5313,
    f,
    x: { w1, b1, w2, b2, w3, b3 },
    peerBatches: 84,
    hasRestricted: true,
    runs: 7,
  };
};
