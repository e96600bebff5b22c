/** What every device must give in each form: a small network's Hessian, and columns, rows and blocks of a Jacobian. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { hessian, type Runtime } from '../../src/index.ts';
import { expectClose } from './close.ts';

const batch = tf.tensor2d([0.3, -1, 0.8, 0.1, 0.5, -0.7, 1.2, 0.4], [4, 2]);
export const weights: tf.Tensor[] = [
  tf.tensor2d([0.5, -0.3, 0.8, 0.1, 0.9, -0.6], [2, 3]),
  tf.tensor1d([0.1, 0.2, -0.3]),
  tf.tensor2d([1, -1, 0.5], [3, 1]),
];
export const loss = ([w, b, v]: tf.Tensor[]): tf.Tensor =>
  tf.mean(tf.square(tf.matMul(tf.tanh(tf.add(tf.matMul(batch, w as tf.Tensor2D), b)), v as tf.Tensor2D)));

const cumulative = (x: tf.Tensor, c: tf.Tensor): tf.Tensor => tf.mul(tf.cumsum(tf.square(x)), c);
const point = tf.tensor1d([0.5, -1, 2]);
const data = tf.tensor1d([1, 2, 3]);
const slopes = [1, 0, 0, 2, -4, 0, 3, -6, 12];

/** `tolerance`: of the Hessian with checkpoints. */
export const expectEveryForm = async (runtime: Runtime, tolerance: number): Promise<void> => {
  for (const mode of ['forward', 'reverse'] as const) {
    expectClose((await runtime.jacobian(cumulative, point, { data, mode })).J.data, slopes, 1e-6);
  }
  const checkpointed = await runtime.hessian(loss, weights, { checkpoint: true, nbatches: 3 });
  expectClose(checkpointed.H.data, (await hessian(loss, weights)).H.data, tolerance);
  const blocks = [];
  for await (const { columns, data: numbers } of runtime.jacobianBlocks(cumulative, point, {
    data,
    nbatches: 3,
    mode: 'forward',
  })) {
    blocks.push([...columns, ...numbers]);
  }
  expect(blocks.sort()).toEqual([
    [0, 1, 1, 2, 3],
    [1, 2, 0, -4, -6],
    [2, 3, 0, 0, 12],
  ]);
};
