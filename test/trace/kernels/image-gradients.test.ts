/** Gradients of images: by tf.grad, where tfjs itself gets them wrong, refuses them or hangs; and at pixels. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
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
  return [...evaluateProgram(grad(program, active, 0), inputs)[1].data];
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

describe('at pixels', () => {
  /** 0, 2, 4, 6, 8: every step is 2, and the way to a fill value of 0 is −8. */
  const ramp = (): Image => tf.tensor4d([0, 2, 4, 6, 8], [1, 1, 5, 1]);
  const slope = (f: (t: tf.Tensor2D) => tf.Tensor, at: number[]): number[] => {
    const x = flatX(tf.tensor2d([at]));
    const { program, constants } = record(f, x, undefined, 'float64');
    const active = program.inputs.map((_, i) => i === 0);
    return [...evaluateProgram(grad(program, active, 0), [...valuesOf(x, 'float64'), ...constants])[1].data];
  };

  it('a box has the derivative between pixels, at both ends the one inside', () => {
    const f = (t: tf.Tensor2D) => tf.image.cropAndResize(ramp(), t, tf.tensor1d([0], 'int32'), [1, 3]).sum();
    expect(slope(f, [0, 0, 0, 1])).toEqual([0, 12, 0, 12]);
  });

  it.each([
    ['constant', 0],
    ['nearest', 8],
    ['reflect', 8],
    ['wrap', 8],
  ] as const)('a transform that fills by %s has that towards the next pixel', (fillMode, shift) => {
    const f = (t: tf.Tensor2D) => tf.image.transform(ramp(), t, 'bilinear', fillMode).sum();
    expect(slope(f, [1, 0, 0, 0, 1, 0, 0, 0])[2]).toBe(shift);
  });
});
