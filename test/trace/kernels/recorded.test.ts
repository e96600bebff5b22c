/** Every case once more as a user's function: recorded for real, without values, and evaluated. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { evaluated } from '../recording.ts';
import { type Case, floats, tensorOf } from './case.ts';
import { cases } from './cases/index.ts';

/** As f(x, data) with all operands in data; float, so that f may return it, and dependent on x. */
const asUserFunction =
  ({ f }: Case) =>
  (x: tf.Tensor, data: tf.Tensor[]): tf.Tensor =>
    f(...data)
      .toFloat()
      .flatten()
      .add(x);

const comparable = cases.filter((c) => !c.differs && c.inputs.every((x) => x.dtype !== 'bool'));

beforeAll(() => tf.setBackend('cpu'));

it.each(comparable)('$name', (given) => {
  const zero = new Float32Array(1);
  const operands = given.inputs.map(tensorOf);
  const expected = [
    ...given
      .f(...operands)
      .toFloat()
      .flatten()
      .dataSync(),
  ];
  const [actual] = evaluated(asUserFunction(given), zero, { data: operands });
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(1, ...expected.filter(Number.isFinite).map(Math.abs));
  for (const [i, v] of expected.entries()) {
    if (Number.isFinite(v)) expect(Math.abs(actual[i] - v)).toBeLessThan(1e-5 * largest);
    else expect(actual[i]).toBe(v);
  }
});

it.each([
  ['gather', (x: tf.Tensor) => tf.gather(x, tf.tensor1d([0, 3], 'int32')), 'GatherV2 has the index 3'],
  ['gatherND', (x: tf.Tensor) => tf.gatherND(x, tf.tensor2d([0, -1], [2, 1], 'int32')), 'GatherNd has the index -1'],
  ['scatterND', (x: tf.Tensor) => tf.scatterND(tf.tensor2d([0, 1, 7], [3, 1], 'int32'), x, [5]), 'the index 7'],
] as const)('%s by a constant index out of range is refused', (_name, f, message) => {
  expect(() => evaluated(f, new Float32Array(floats([3]).values))).toThrow(message);
});
