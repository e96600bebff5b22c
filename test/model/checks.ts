/** What is asked of a model as a function: its arrays, a loss of its outputs, and whether a Hessian is right. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { hessian, NdArray, valueAndGrad } from '../../src/index.ts';
import { relativeError } from '../support/close.ts';

export const arraysOf = (tree: unknown): NdArray[] => {
  if (tree instanceof NdArray) return [tree];
  return Object.entries(tree as object)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, child]) => arraysOf(child));
};

export const shapesOf = (tree: unknown): unknown => {
  if (tree instanceof NdArray) return tree.shape;
  if (Array.isArray(tree)) return tree.map(shapesOf);
  return Object.fromEntries(Object.entries(tree as object).map(([name, child]) => [name, shapesOf(child)]));
};

export const bytesOf = (tensors: readonly tf.Tensor[]): number[][] =>
  tensors.map((t) => [...new Uint8Array(Float32Array.from(t.dataSync()).buffer)]);

/** A scalar of all outputs, that has derivatives of every order in each. */
export const lossOf = (outputs: tf.Tensor | tf.Tensor[]): tf.Tensor =>
  tf.addN(
    [outputs].flat().map((y, k) => {
      const weights = Float32Array.from({ length: y.size }, (_, i) => 1 + 0.5 * Math.sin(i + k));
      return tf
        .sin(tf.mul(y.flatten(), tf.tensor1d(weights)))
        .sum()
        .add(y.square().mean());
    }),
  );

const STEP = 1e-4;

/** H·v by differences of gradients, of fourth order in the step. */
const differences = async (
  gradientAt: (x: Float64Array) => Promise<number[]>,
  x: Float64Array,
  v: Float64Array,
): Promise<number[]> => {
  const at = (h: number) => gradientAt(x.map((value, i) => value + h * v[i]));
  const [a, b, c, d] = [await at(STEP), await at(-STEP), await at(2 * STEP), await at(-2 * STEP)];
  return a.map((_, i) => (8 * (a[i] - b[i]) - (c[i] - d[i])) / (12 * STEP));
};

/** The Hessian of a loss of params, in float64, has the products that differences of the gradient say. */
export const expectHessian = async (loss: (params: object) => tf.Tensor, params: object): Promise<void> => {
  const arrays = arraysOf(params);
  const { H, unflatten } = await hessian(loss as never, params, { precision: 'float64' });
  const [n] = H.shape;
  expect(n).toBe(arrays.reduce((sum, { data }) => sum + data.length, 0));
  const x = Float64Array.from(arrays.flatMap(({ data }) => [...data]));
  const gradientAt = async (point: Float64Array): Promise<number[]> => {
    const { gradient } = await valueAndGrad(loss as never, unflatten(point) as object, { precision: 'float64' });
    return arraysOf(gradient).flatMap(({ data }) => [...data]);
  };
  for (const seed of [0, 1]) {
    const v = Float64Array.from({ length: n }, (_, i) => Math.cos((1 + seed) * i + seed));
    const product = H.toArray().map((row) => row.reduce((sum, h, j) => sum + h * v[j], 0));
    expect(relativeError(product, await differences(gradientAt, x, v), 1)).toBeLessThan(1e-7);
  }
};
