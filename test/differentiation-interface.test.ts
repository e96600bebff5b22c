/**
 * The default scenarios of DifferentiationInterfaceTest.jl (github.com/JuliaDiff/DifferentiationInterface.jl), said
 * anew in tfjs: numbers and arrays in, numbers and arrays out, derivative operators against closed forms.
 */

import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { float64, hessian, hvp, jacobian, jvp, NdArray, valueAndGrad, vjp } from '../src/index.ts';
import { expectClose } from './support/close.ts';

type T = tf.Tensor;
type Tangents = ArrayLike<number>;

const six = [0.31, 0.87, 0.12, 0.55, 0.93, 0.44];
const direction = [0.62, -0.18, 0.75, -0.4, 0.09, 0.51];
const NUMBER = 0.37;
const TIGHT = 1e-13;

const vector = () => Float64Array.from(six);
const grid = (values: readonly number[] = six) => float64([...values], [2, 3]);
const array = (shape: number[], values: readonly number[]) => new NdArray(shape, Float64Array.from(values));

/** Numbers of any result leaf. */
const numbersOf = (leaf: unknown): Tangents =>
  typeof leaf === 'number' ? [leaf] : leaf instanceof NdArray ? leaf.data : (leaf as Float64Array);

describe('number to number: sin', () => {
  const f = (x: T): T => tf.sin(x);
  const options = { precision: 'float64' } as const;

  test('derivative and second derivative', async () => {
    expectClose((await jacobian(f, NUMBER, options)).J.data, [Math.cos(NUMBER)], TIGHT);
    expectClose((await hessian(f, NUMBER, options)).H.data, [-Math.sin(NUMBER)], TIGHT);
  });

  test('pushforward and pullback', async () => {
    const forward = await jvp(f, NUMBER, 0.7, options);
    expectClose(numbersOf(forward.value), [Math.sin(NUMBER)], TIGHT);
    expectClose(numbersOf(forward.tangent), [0.7 * Math.cos(NUMBER)], TIGHT);
    const backward = await vjp(f, NUMBER, 0.7, options);
    expectClose(numbersOf(backward.gradient), [0.7 * Math.cos(NUMBER)], TIGHT);
  });
});

describe.each([[[6]], [[2, 3]]])('number to array: sin(a x) of shape %j', (shape) => {
  const a = [1, 2, 3, 4, 5, 6];
  const f = (x: T): T => tf.sin(tf.mul(x, tf.tensor(a, shape)));
  const options = { precision: 'float64' } as const;
  const slope = a.map((v) => v * Math.cos(v * NUMBER));

  test('derivative', async () => {
    const { J } = await jacobian(f, NUMBER, options);
    expect(J.shape).toEqual([...shape, 1]);
    expectClose(J.data, slope, TIGHT);
  });

  test('second derivative, each output by itself', async () => {
    const inner = (x: T): T => tf.stack(a.map((v) => tf.grad((z: T) => tf.sin(tf.mul(v, z)))(x)));
    const { J } = await jacobian(inner, NUMBER, options);
    expectClose(
      J.data,
      a.map((v) => -v * v * Math.sin(v * NUMBER)),
      TIGHT,
    );
  });

  test('pushforward and pullback', async () => {
    const { tangent } = await jvp(f, NUMBER, 0.7, options);
    expectClose(
      numbersOf(tangent),
      slope.map((v) => 0.7 * v),
      TIGHT,
    );
    const { gradient } = await vjp(f, NUMBER, array(shape, direction), options);
    expectClose(numbersOf(gradient), [slope.reduce((s, v, i) => s + v * direction[i], 0)], TIGHT);
  });
});

describe.each([
  ['vector', vector, [6]],
  ['matrix', grid, [2, 3]],
] as const)('%s to number: ΣΣ xᵢ⁴ xⱼ⁶', (_, point, shape) => {
  const f = (x: T): T => {
    const flat = tf.reshape(x, [-1]);
    return tf.sum(tf.outerProduct(tf.pow(flat, 4) as tf.Tensor1D, tf.pow(flat, 6) as tf.Tensor1D));
  };
  const [s4, s6] = [4, 6].map((p) => six.reduce((s, v) => s + v ** p, 0));
  // d/dx_k (Σ x⁴)(Σ x⁶), and once more
  const gradient = six.map((v) => 4 * v ** 3 * s6 + 6 * v ** 5 * s4);
  const H = six.flatMap((u, k) =>
    six.map((v, l) => {
      const mixed = 24 * (u ** 3 * v ** 5 + u ** 5 * v ** 3);
      return k === l ? 12 * u ** 2 * s6 + 30 * u ** 4 * s4 + mixed : mixed;
    }),
  );
  const tree = () => (shape.length === 1 ? Float64Array.from(direction) : grid(direction));

  test('gradient, pushforward and pullback', async () => {
    const result = await valueAndGrad(f, point());
    expectClose(numbersOf(result.value), [s4 * s6], TIGHT);
    expectClose(numbersOf(result.gradient), gradient, TIGHT);
    const { tangent } = await jvp(f, point(), tree());
    expectClose(numbersOf(tangent), [gradient.reduce((s, v, i) => s + v * direction[i], 0)], TIGHT);
    const pulled = await vjp(f, point(), 0.7);
    expectClose(
      numbersOf(pulled.gradient),
      gradient.map((v) => 0.7 * v),
      TIGHT,
    );
  });

  test('Hessian and its product with a vector', async () => {
    expectClose((await hessian(f, point())).H.data, H, TIGHT);
    const product = await hvp(f, point(), tree());
    const want = six.map((_, i) => direction.reduce((s, v, j) => s + H[6 * i + j] * v, 0));
    expectClose(numbersOf(product), want, TIGHT);
  });
});

/** Sines then cosines of all elements, laid out by `layout`. */
const layouts = [
  ['vector to vector', vector, (s: T, c: T) => tf.concat([s, c]), [12]],
  ['vector to matrix', vector, (s: T, c: T) => tf.stack([s, c], 1), [6, 2]],
  ['matrix to vector', grid, (s: T, c: T) => tf.concat([s, c]), [12]],
  ['matrix to matrix', grid, (s: T, c: T) => tf.stack([s, c], 1), [6, 2]],
] as const;

describe.each(layouts)('%s: sines and cosines', (_, point, layout, shape) => {
  const f = (x: T): T => {
    const flat = tf.reshape(x, [-1]);
    return layout(tf.sin(flat), tf.cos(flat));
  };
  /** The place of output k's row: sines first, or side by side. */
  const place = (i: number, cosine: boolean): number =>
    shape.length === 1 ? (cosine ? 6 + i : i) : 2 * i + (cosine ? 1 : 0);
  const J = new Float64Array(72);
  for (const [i, v] of six.entries()) {
    J[place(i, false) * 6 + i] = Math.cos(v);
    J[place(i, true) * 6 + i] = -Math.sin(v);
  }
  const tangent = () => (point === vector ? Float64Array.from(direction) : grid(direction));

  test.each(['auto', 'forward', 'reverse'] as const)('Jacobian, mode %s', async (mode) => {
    const result = await jacobian(f, point(), { mode });
    expect(result.J.shape).toEqual([...shape, 6]);
    expectClose(result.J.data, J, TIGHT);
  });

  test('pushforward and pullback', async () => {
    const forward = await jvp(f, point(), tangent());
    const want = Array.from({ length: 12 }, (_, k) => direction.reduce((s, v, i) => s + J[6 * k + i] * v, 0));
    expectClose(numbersOf(forward.tangent), want, TIGHT);
    const u = Array.from({ length: 12 }, (_, k) => Math.sin(k + 1));
    const backward = await vjp(f, point(), array([...shape], u));
    const pulled = six.map((_, i) => u.reduce((s, v, k) => s + J[6 * k + i] * v, 0));
    expectClose(numbersOf(backward.gradient), pulled, TIGHT);
  });
});
