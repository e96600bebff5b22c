/** Two 3×3 convolutions with softplus and 2×2 average pooling, dense, cross-entropy, on 32 images of 16². */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

type Weights = { k1: tf.Tensor4D; k2: tf.Tensor4D; w: tf.Tensor; b: tf.Tensor };

export const cnn = (): Workload => {
  const d = new Draw(5);
  const k1 = d.tensor([3, 3, 1, 8], 0.5);
  const k2 = d.tensor([3, 3, 8, 16], 0.2);
  const w = d.tensor([256, 10], 0.1);
  const b = d.tensor([10], 0.1);
  const images = d.tensor([32, 16, 16, 1]) as tf.Tensor4D;
  const labels = tf.oneHot(
    Array.from({ length: 32 }, (_, i) => i % 10),
    10,
  );
  const f = (x: Weights): tf.Tensor => {
    const pool = (h: tf.Tensor4D): tf.Tensor4D => tf.avgPool(tf.softplus(h), 2, 2, 'valid');
    const features = pool(tf.conv2d(pool(tf.conv2d(images, x.k1, 1, 'same')), x.k2, 1, 'same'));
    const logits = tf.add(tf.matMul(tf.reshape(features, [32, 256]), x.w), x.b);
    return tf.losses.softmaxCrossEntropy(labels, logits);
  };
  return {
    name: 'cnn',
    about: 'two 3×3 convolutions with softplus and pooling, 32 images of 16²',
    n: 3794,
    f,
    x: { k1, k2, w, b },
    peerBatches: 60,
    hasRestricted: true,
    hasTorch: true,
    runs: 3,
  };
};
