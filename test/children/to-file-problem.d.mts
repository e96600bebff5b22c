/** Types of `to-file-problem.mjs`. */

import type * as tf from '@tensorflow/tfjs';

export const N: number;
export const problem: (change?: { readonly shift?: number; readonly factor?: number }) => {
  readonly x: Float32Array;
  readonly f: (x: tf.Tensor, data: tf.Tensor) => tf.Tensor;
};
