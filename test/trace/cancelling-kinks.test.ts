/** Sums of a maximum and log(1 + e^−|u|) where their kinks meet: derivatives of the smooth function, and of it alone. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64 } from '../../src/index.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { Value } from '../../src/ir/aval.ts';
import { record } from '../../src/trace/record.ts';
import { grad } from '../../src/transforms/grad.ts';
import { jvp } from '../../src/transforms/jvp.ts';
import { valuesOf } from '../../src/unflatten.ts';
import { flatX, type T } from './recording.ts';

type F = (x: T) => T;

beforeAll(() => tf.setBackend('cpu'));

/** Value, gradient and Hessian of the sum of f in one vector. */
const derivatives = (f: F, x: readonly number[]): { value: number; gradient: number[]; hessian: number[][] } => {
  const flat = flatX(float64([...x], [x.length]));
  const { program, constants } = record((v: T) => f(v).sum(), flat, undefined, 'float64');
  const inputs: Value[] = [...valuesOf(flat, 'float64'), ...constants];
  const active = inputs.map((_, i) => i === 0);
  const first = grad(program, active, 0);
  const [value, gradient] = evaluateProgram(first, inputs);
  const second = jvp(first, active);
  const column = (j: number): number[] => {
    const data = Float64Array.from(x, (_, i) => (i === j ? 1 : 0));
    return [...evaluateProgram(second, [...inputs, { shape: [x.length], dtype: 'float64', data }])[3].data];
  };
  return { value: value.data[0], gradient: [...gradient.data], hessian: x.map((_, j) => column(j)) };
};

const logOf = (u: T): T => tf.log1p(tf.exp(tf.neg(tf.abs(u))));

const of2 =
  (f: (a: T, b: T) => T): F =>
  (x) =>
    f(tf.slice(x, [0], [1]), tf.slice(x, [1], [1]));

/** At one point 0: value, first and second derivative. */
const AT_ZERO: [string, F, number, number, number][] = [
  ['relu(x) − x·z + log', (x) => x.relu().sub(x.mul(0.25)).add(logOf(x)), Math.LN2, 0.25, 0.25],
  ['log + relu(x) − x·z', (x) => logOf(x).add(x.relu()).sub(x.mul(0.25)), Math.LN2, 0.25, 0.25],
  ['relu(x) + (log − x·z)', (x) => x.relu().add(logOf(x).sub(x.mul(0.25))), Math.LN2, 0.25, 0.25],
  ['x·z − relu(x) − log', (x) => x.mul(0.25).sub(x.relu()).sub(logOf(x)), -Math.LN2, -0.25, -0.25],
  ['relu(−x) + log', (x) => x.neg().relu().add(logOf(x)), Math.LN2, -0.5, 0.25],
  ['max(x, 0) − x·z + log', (x) => tf.maximum(x, 0).sub(x.mul(0.25)).add(logOf(x)), Math.LN2, 0.25, 0.25],
  ['max(0, x) + log', (x) => tf.maximum(0, x).add(logOf(x)), Math.LN2, 0.5, 0.25],
  ['max(x, 0) + log of −x', (x) => tf.maximum(x, 0).add(logOf(x.neg())), Math.LN2, 0.5, 0.25],
  ['min(x, 0) − log', (x) => tf.minimum(x, 0).sub(logOf(x)), -Math.LN2, 0.5, -0.25],
  // Nothing cancels: abs has the derivative 0, relu too, and a maximum ½ for each.
  ['log alone', logOf, Math.LN2, 0, 0],
  ['|x| + log of 2x', (x) => x.abs().add(logOf(x.mul(2))), Math.LN2, 0, 0],
  ['relu(x) − log', (x) => x.relu().sub(logOf(x)), -Math.LN2, 0, 0],
  ['max(x, 0) − log', (x) => tf.maximum(x, 0).sub(logOf(x)), -Math.LN2, 0.5, 0],
  ['min(x, 0) + log', (x) => tf.minimum(x, 0).add(logOf(x)), Math.LN2, 0.5, 0],
  ['relu(x) + log of 2x', (x) => x.relu().add(logOf(x.mul(2))), Math.LN2, 0, 0],
];

describe('at the kink', () => {
  it.each(AT_ZERO)('%s', (_name, f, value, slope, curvature) => {
    const found = derivatives(f, [0]);
    expect(found.value).toBeCloseTo(value, 15);
    expect(found.gradient[0]).toBeCloseTo(slope, 15);
    expect(found.hessian[0][0]).toBeCloseTo(curvature, 15);
  });

  it.each<[string, F]>([
    ['max(a, b) + log of a − b', of2((a, b) => tf.maximum(a, b).add(logOf(a.sub(b))))],
    ['max(a, b) + log of b − a', of2((a, b) => tf.maximum(a, b).add(logOf(b.sub(a))))],
  ])('%s', (_name, f) => {
    const { value, gradient, hessian } = derivatives(f, [3, 3]);
    expect(value).toBeCloseTo(3 + Math.LN2, 15);
    expect(gradient).toEqual([0.5, 0.5]);
    expect(hessian).toEqual([
      [0.25, -0.25],
      [-0.25, 0.25],
    ]);
  });

  it('min(a, b) − log of b − a', () => {
    const { value, gradient, hessian } = derivatives(
      of2((a, b) => tf.minimum(a, b).sub(logOf(b.sub(a)))),
      [3, 3],
    );
    expect(value).toBeCloseTo(3 - Math.LN2, 15);
    expect(gradient).toEqual([0.5, 0.5]);
    expect(hessian).toEqual([
      [-0.25, 0.25],
      [0.25, -0.25],
    ]);
  });
});

describe('elsewhere', () => {
  it.each(AT_ZERO)('%s is the value of f, and its differences', (_name, f) => {
    const points = [-800, -2.5, -0.3, 0.7, 3, 800];
    const { gradient, hessian } = derivatives(f, points);
    const h = 1e-4;
    for (const [i, x] of points.entries()) {
      const at = (v: number) => derivatives(f, [v]);
      expect(at(x).value).toBeCloseTo(f(tf.tensor1d([x])).dataSync()[0], 3);
      expect((at(x + h).value - at(x - h).value) / (2 * h)).toBeCloseTo(gradient[i], 6);
      expect((at(x + h).gradient[0] - at(x - h).gradient[0]) / (2 * h)).toBeCloseTo(hessian[i][i], 6);
    }
  });

  it('a sum that cancels keeps its digits', () => {
    const { value } = derivatives((x) => x.relu().sub(x).add(logOf(x)), [40]);
    expect(value).toBe(Math.log1p(Math.exp(-40)));
  });
});

it('an absolute value times itself is the square', () => {
  const twice = derivatives((x) => x.abs().mul(x.abs()), [0, -3]);
  expect(twice).toEqual({
    value: 9,
    gradient: [0, -6],
    hessian: [
      [2, 0],
      [0, 2],
    ],
  });
});
