/** Functions whose matrices go to files in tests: large enough for many strips, small enough for seconds. */

import * as tf from '@tensorflow/tfjs';
import { float64 } from '../../src/index.ts';

/** Numbers that look like noise, the same each time. */
const noise = (count: number, scale = 1): Float64Array => {
  let state = 1;
  return Float64Array.from({ length: count }, () => {
    state = (state * 16807) % 2147483647;
    return scale * (state / 2147483647 - 0.5);
  });
};

type Parameters = { a: tf.Tensor; b: tf.Tensor; c: tf.Tensor; d: tf.Tensor };

/** A network of two layers, with leaves of several sizes: 9 · 40, 1 (a number), 40 and 40 · 3. */
export const network = {
  n: 521,
  x: (precision: 'float32' | 'float64') => {
    const numbers = noise(521);
    const leaf = (from: number, count: number, shape: number[]): tf.Tensor => {
      const values = numbers.slice(from, from + count);
      return precision === 'float64' ? float64(values, shape) : tf.tensor(Float32Array.from(values), shape);
    };
    return { a: leaf(0, 360, [9, 40]), b: numbers[360], c: leaf(361, 40, [40]), d: leaf(401, 120, [40, 3]) };
  },
  f: ({ a, b, c, d }: Parameters): tf.Tensor => {
    const inputs = float64(noise(7 * 9), [7, 9]);
    return tf.tanh(inputs.matMul(a).add(c)).matMul(d).square().mean().mul(tf.exp(b)).add(a.square().sum());
  },
};

/** 90 outputs by 700 inputs, wide and short; turned around by `tall`. */
export const wide = {
  x: () => Float32Array.from(noise(700)),
  f: (x: tf.Tensor): tf.Tensor => {
    const weights = tf.tensor(Float32Array.from(noise(90 * 700, 0.2)), [90, 700]);
    return tf.tanh(weights.matMul(x.reshape([700, 1]))).reshape([9, 10]);
  },
};

/** A chain: its Hessian is banded, and most of it is zero. */
export const chain = {
  x: () => Float32Array.from(noise(600)),
  f: (x: tf.Tensor): tf.Tensor => {
    const [head, tail] = [x.slice(0, 599), x.slice(1)];
    return tail.sub(head.square()).square().mul(100).add(head.sub(1).square()).sum();
  },
};
