/** What `to-file.mjs` writes, for those who take it up in their own process. */

import * as tf from '@tensorflow/tfjs';

export const N = 900;

const wave = (count, scale) => Float32Array.from({ length: count }, (_, k) => scale * Math.sin(12.9898 * k));

/** `shift` moves the point, `factor` is closed over. */
export const problem = ({ shift = 0, factor = 1 } = {}) => {
  const weights = tf.tensor(wave(200 * N, 0.1), [200, N]);
  return {
    x: wave(N, 1).map((value, k) => (k === 5 ? value + shift : value)),
    f: (x, data) =>
      tf
        .tanh(weights.matMul(x.reshape([N, 1])))
        .square()
        .sum()
        .mul(data.mul(factor))
        .add(tf.exp(x).sum()),
  };
};
