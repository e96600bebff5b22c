/** Every type of layer: values as predict gives them, Hessians by differences of gradients, and a model left as it was. */

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hessian, model, NdArray, valueAndGrad } from '../../src/index.ts';
import { relativeError } from '../support/close.ts';
import { evaluated } from '../trace/recording.ts';
import { built, inputsOf, type ModelCase } from './case.ts';
import { cases } from './cases.ts';

vi.setConfig({ testTimeout: 60_000 });

const log = vi.spyOn(console, 'warn').mockImplementation(() => {});
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => log.mockRestore());

const arraysOf = (tree: unknown): NdArray[] => {
  if (tree instanceof NdArray) return [tree];
  return Object.entries(tree as object)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, child]) => arraysOf(child));
};

const shapesOf = (tree: unknown): unknown => {
  if (tree instanceof NdArray) return tree.shape;
  if (Array.isArray(tree)) return tree.map(shapesOf);
  return Object.fromEntries(Object.entries(tree as object).map(([name, child]) => [name, shapesOf(child)]));
};

const bytesOf = (tensors: readonly tf.Tensor[]): number[][] =>
  tensors.map((t) => [...new Uint8Array(Float32Array.from(t.dataSync()).buffer)]);

/** A scalar of all outputs, that has derivatives of every order in each. */
const lossOf = (outputs: tf.Tensor | tf.Tensor[]): tf.Tensor =>
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

const check = async (given: ModelCase): Promise<void> => {
  const source = built(given);
  const inputs = inputsOf(given, source);
  const predicted = [source.predict(inputs)].flat();
  const weights = bytesOf(source.getWeights());
  const memory = { ...tf.memory() };

  const m = model(source);
  if (given.params) expect(shapesOf(m.params)).toEqual(given.params);
  const arrays = arraysOf(m.params);
  expect(arrays.length).toBe(new Set(source.trainableWeights).size);

  // Outside of f, the same kernels: the same bits.
  tf.tidy(() => {
    const eager = [m.apply<tf.Tensor | tf.Tensor[]>(m.params, inputs)].flat();
    expect(bytesOf(eager)).toEqual(bytesOf(predicted));
  });
  const recorded = evaluated((p) => m.apply(p, inputs), m.params);
  const right = given.differs ? [] : predicted;
  for (const [k, y] of right.entries()) expect(relativeError(recorded[k], y.dataSync(), 1e-3)).toBeLessThan(1e-5);

  const loss = (p: object): tf.Tensor => lossOf(m.apply<tf.Tensor | tf.Tensor[]>(p, inputs));
  const { H, unflatten } = await hessian(loss as never, m.params, { precision: 'float64' });
  const n = H.shape[0];
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

  expect({ ...tf.memory() }).toEqual(memory);
  expect(bytesOf(source.getWeights())).toEqual(weights);
  expect(bytesOf([source.predict(inputs)].flat())).toEqual(bytesOf(predicted));
};

describe('in inference', () => {
  it.each(cases)('$name', check);
});
