/** A wide Jacobian: 320 logits (32 samples of a 64-128-64-10 network) by its 17 226 weights, as in a neural tangent kernel. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

type Weights = Record<'w1' | 'b1' | 'w2' | 'b2' | 'w3' | 'b3', tf.Tensor>;

export const wide = (): Workload => {
  const d = new Draw(8);
  const w1 = d.tensor([64, 128], 0.2);
  const b1 = d.tensor([128], 0.1);
  const w2 = d.tensor([128, 64], 0.15);
  const b2 = d.tensor([64], 0.1);
  const w3 = d.tensor([64, 10], 0.2);
  const b3 = d.tensor([10], 0.1);
  const inputs = d.tensor([32, 64]);
  const f = (x: Weights): tf.Tensor => {
    const h1 = tf.softplus(tf.add(tf.matMul(inputs, x.w1), x.b1));
    const h2 = tf.softplus(tf.add(tf.matMul(h1, x.w2), x.b2));
    return tf.add(tf.matMul(h2, x.w3), x.b3);
  };
  return {
    name: 'wide',
    about: '320 logits by 17 226 weights',
    matrix: 'jacobian',
    n: 17_226,
    f,
    x: { w1, b1, w2, b2, w3, b3 },
    peerBatches: 1,
    runs: 7,
  };
};
