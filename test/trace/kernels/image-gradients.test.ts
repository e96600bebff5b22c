/** Gradients of images by tf.grad inside of a function, where tfjs itself gets them wrong, refuses them or hangs. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import { record } from '../../../src/trace/record.ts';
import { grad } from '../../../src/transforms/grad.ts';
import { valuesOf } from '../../../src/unflatten.ts';
import { evaluated, flatX } from '../recording.ts';
import { floats, tensorOf } from './case.ts';

type Image = tf.Tensor4D;
type F = (x: Image) => tf.Tensor;

const resized = (kind: 'resizeBilinear' | 'resizeNearestNeighbor', size: [number, number], ...how: boolean[]): F => {
  return (x) => tf.image[kind](x, size, ...how);
};

const squares =
  (f: F) =>
  (x: Image): tf.Tensor =>
    f(x).square().sum();

/** By the transforms. */
const expectedGradient = (f: F, x: Image): number[] => {
  const { program, constants } = record(squares(f), flatX(x), undefined, 'float64');
  const inputs = [...valuesOf(flatX(x), 'float64'), ...constants];
  const active = inputs.map((_, i) => i === 0);
  return [...evaluateProgram(grad(program, active, false), inputs)[1].data];
};

beforeAll(() => tf.setBackend('cpu'));

it.each([
  ['bilinear, not square', [2, 3, 5, 2], resized('resizeBilinear', [7, 4])],
  ['bilinear, half pixels', [1, 4, 4, 1], resized('resizeBilinear', [7, 6], false, true)],
  ['bilinear, not square, corners aligned', [1, 1, 3, 1], resized('resizeBilinear', [5, 2], true)],
  ['nearest, several images', [2, 4, 3, 2], resized('resizeNearestNeighbor', [3, 8])],
  ['nearest, half pixels', [1, 4, 3, 1], resized('resizeNearestNeighbor', [7, 5], false, true)],
  ['nearest, smaller', [2, 6, 6, 1], resized('resizeNearestNeighbor', [2, 3], true)],
  ['nearest, one row, corners aligned', [1, 1, 3, 2], resized('resizeNearestNeighbor', [4, 3], true)],
] as const)('%s', (_name, shape, f) => {
  const x = tensorOf(floats([...shape])) as Image;
  const [actual] = evaluated((v: Image) => tf.grad(squares(f as F) as never)(v), x, { precision: 'float64' });
  const expected = expectedGradient(f as F, x);
  expect(actual).toHaveLength(expected.length);
  for (const [i, v] of expected.entries()) expect(actual[i]).toBeCloseTo(v, 11);
});
