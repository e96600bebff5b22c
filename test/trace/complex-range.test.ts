/** Functions of complex numbers in float32: right as far as their results and derivatives are float32 numbers. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { hessian, valueAndGrad } from '../../src/index.ts';
import type { T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));

type F = (z: T, w: T) => T;

/** Both parts of a result, weighted differently. */
const seen = (z: T): T => (z.dtype === 'complex64' ? tf.real(z).add(tf.imag(z).mul(0.7)) : z).sum();

const functionOf =
  (f: F) =>
  ([a, b]: T[]): T =>
    seen(f(tf.complex(a, b), tf.complex(tf.onesLike(a).mul(0.6), tf.onesLike(b).mul(-0.9))));

const SIZES = [1e-12, 1e-9, 1e-7, 1e-6, 1e-5, 1e-3, 1, 1e3, 1e5, 1e6, 1e7, 1e9, 1e12];

/** Points of a modulus near the size, in all quadrants, and with a part that is zero or much smaller. */
const pointsOf = (size: number): [number, number][] =>
  [
    [0.6, 0.8],
    [-0.9, 0.3],
    [-0.4, -1],
    [0.7, -0.2],
    [1, 1e-3],
  ].map(([a, b]) => [Math.fround(a * size), Math.fround(b * size)]);

const close = (actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
  const scale = Math.max(...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i]), `[${i}] ${actual[i]} for ${expected[i]}`).toBeLessThanOrEqual(
      1e-5 * scale,
    );
  }
};

const flat = (gradient: unknown): number[] => (gradient as number[]).map(Number);

const FUNCTIONS: [string, F][] = [
  ['reciprocal', (z) => tf.reciprocal(z)],
  ['w/z', (z, w) => tf.div(w, z)],
  ['z/w', (z, w) => tf.div(z, w)],
  ['z/(i·z*)', (z) => tf.div(z, tf.complex(tf.imag(z), tf.real(z)))],
  ['abs', (z) => tf.abs(z)],
  ['squared abs', (z) => tf.abs(z).square()],
  ['sqrt', (z) => tf.pow(z, 0.5)],
  ['1/sqrt', (z) => tf.pow(z, -0.5)],
  ['log1p', (z) => tf.log1p(z)],
  ['pow 0.3', (z) => tf.pow(z, 0.3)],
  ['pow -1', (z) => tf.pow(z, -1)],
];

describe.each(FUNCTIONS)('%s', (_name, f) => {
  it.each(SIZES)('at %f', async (size) => {
    for (const at of pointsOf(size)) {
      const g = functionOf(f) as never;
      const [single, double] = await Promise.all(
        (['float32', 'float64'] as const).map((precision) => hessian(g, at as never, { precision, jit: false })),
      );
      const [v32, v64] = await Promise.all(
        (['float32', 'float64'] as const).map((precision) => valueAndGrad(g, at as never, { precision, jit: false })),
      );
      close([...v32.value.data], [...v64.value.data]);
      close(flat(v32.gradient), flat(v64.gradient));
      close(single.H.toArray().flat() as number[], double.H.toArray().flat() as number[]);
    }
  });
});

it.each([1e-22, 1e-30, 1e20, 1e30])('abs has a gradient at %f', async (size) => {
  const { value, gradient } = await valueAndGrad(
    functionOf((z) => tf.abs(z)) as never,
    [3 * size, -4 * size] as never,
    {
      precision: 'float32',
    },
  );
  close([value.data[0] / size, ...flat(gradient)], [5, 0.6, -0.8]);
});
