/** Derivatives known in closed form: quadratics, products, norms, Rosenbrock, the Lagrangian of HS071, nested gradients. */

import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { float64, hessian, jacobian } from '../src/index.ts';
import { expectClose } from './support/close.ts';

type T = tf.Tensor;
const vector = (n: number, f: (i: number) => number) => Float64Array.from({ length: n }, (_, i) => f(i));
const matrix = (n: number, f: (i: number, j: number) => number) => vector(n * n, (k) => f(Math.floor(k / n), k % n));
const at = (v: T, i: number): T => tf.squeeze(tf.slice(v, i, 1));
const TIGHT = 1e-13;

describe('hessian', () => {
  test('of a quadratic is its symmetric part, exactly', async () => {
    const n = 6;
    const a = matrix(n, (i, j) => ((3 * i + 5 * j) % 7) - 3);
    const A = float64(a, [n, n]);
    const f = (x: T): T => tf.mul(0.5, tf.dot(x, tf.dot(A, x)));
    const { H } = await hessian(
      f,
      vector(n, (i) => i - 2.5),
    );
    expect([...H.data]).toEqual([...matrix(n, (i, j) => (a[i * n + j] + a[j * n + i]) / 2)]);
  });

  test('of a linear function is zero, and of a constant too', async () => {
    const x = vector(4, (i) => i);
    expect([...(await hessian((v: T) => tf.sum(tf.mul(3, v)), x)).H.data]).toEqual(new Array(16).fill(0));
    expect([...(await hessian(() => tf.scalar(2), x)).H.data]).toEqual(new Array(16).fill(0));
  });

  test('of a product: ∂ij is the product of the others', async () => {
    const x = vector(5, (i) => [0.5, -2, 3, 1.25, 7][i]);
    const others = (i: number, j: number) => x.reduce((p, v, k) => (k === i || k === j ? p : p * v), 1);
    const { H } = await hessian((v: T) => tf.prod(v), x);
    expectClose(
      H.data,
      matrix(5, (i, j) => (i === j ? 0 : others(i, j))),
      TIGHT,
    );
  });

  test('of a product with one, two and three zeros', async () => {
    for (const x of [
      [2, 0, 3, 5],
      [2, 0, 0, 5],
      [0, 0, 0, 5],
    ]) {
      const others = (i: number, j: number) => x.reduce((p, v, k) => (k === i || k === j ? p : p * v), 1);
      const { H } = await hessian((v: T) => tf.prod(v), Float64Array.from(x));
      expectClose(
        H.data,
        matrix(4, (i, j) => (i === j ? 0 : others(i, j))),
        TIGHT,
      );
    }
  });

  test('of the norm is (I − x xᵀ / r²) / r', async () => {
    const x = vector(5, (i) => Math.cos(i) * 2);
    const r = Math.hypot(...x);
    const { H } = await hessian((v: T) => tf.norm(v), x);
    expectClose(
      H.data,
      matrix(5, (i, j) => ((i === j ? 1 : 0) - (x[i] * x[j]) / (r * r)) / r),
      TIGHT,
    );
  });

  test('of log-sum-exp is diag(p) − p pᵀ, far out too', async () => {
    for (const shift of [0, 300, -5000]) {
      const x = vector(4, (i) => shift + i / 2);
      const e = x.map((v) => Math.exp(v - shift));
      const total = e.reduce((s, v) => s + v, 0);
      const p = e.map((v) => v / total);
      const { H } = await hessian((v: T) => tf.logSumExp(v), x);
      expectClose(
        H.data,
        matrix(4, (i, j) => (i === j ? p[i] : 0) - p[i] * p[j]),
        1e-12,
      );
    }
  });

  test('of Rosenbrock is tridiagonal', async () => {
    const n = 9;
    const x = vector(n, (i) => Math.sin(3 * i));
    const f = (v: T): T => {
      const head = tf.slice(v, 0, n - 1);
      const valley = tf.squaredDifference(tf.slice(v, 1, n - 1), tf.square(head));
      return tf.sum(tf.add(tf.mul(100, valley), tf.square(tf.sub(1, head))));
    };
    const want = matrix(n, (i, j) => {
      if (Math.abs(i - j) === 1) return -400 * x[Math.min(i, j)];
      if (i !== j) return 0;
      return (i < n - 1 ? 2 + 1200 * x[i] ** 2 - 400 * x[i + 1] : 0) + (i > 0 ? 200 : 0);
    });
    expectClose((await hessian(f, x)).H.data, want, TIGHT);
    expect((await hessian(f, x)).H.get(0, 5)).toBe(0);
  });

  // W. Hock, K. Schittkowski, Test Examples for Nonlinear Programming Codes (1981), problem 71.
  test('of the Lagrangian of HS071, with multipliers as data', async () => {
    const lagrangian = (x: T, m: { sigma: T; lambda: T }): T => {
      const [x1, x2, x3, x4] = [0, 1, 2, 3].map((i) => at(x, i));
      const objective = tf.add(tf.mul(tf.mul(x1, x4), tf.addN([x1, x2, x3])), x3);
      const constraints = [tf.prod(x), tf.sum(tf.square(x))];
      return tf.addN([
        tf.mul(m.sigma, objective),
        tf.mul(at(m.lambda, 0), constraints[0]),
        tf.mul(at(m.lambda, 1), constraints[1]),
      ]);
    };
    const [x1, x2, x3, x4] = [1, 5, 5, 1];
    const [s, l1, l2] = [0.75, -0.5, 0.125];
    const lower = [
      [s * 2 * x4 + l2 * 2],
      [s * x4 + l1 * x3 * x4, l2 * 2],
      [s * x4 + l1 * x2 * x4, l1 * x1 * x4, l2 * 2],
      [s * (2 * x1 + x2 + x3) + l1 * x2 * x3, s * x1 + l1 * x1 * x3, s * x1 + l1 * x1 * x2, l2 * 2],
    ];
    const want = matrix(4, (i, j) => lower[Math.max(i, j)][Math.min(i, j)]);
    const data = { sigma: s, lambda: Float64Array.of(l1, l2) };
    const { H } = await hessian(lagrangian, Float64Array.of(x1, x2, x3, x4), { data });
    expectClose(H.data, want, TIGHT);
  });

  test('of a gradient inside: third derivatives of Σ x⁴', async () => {
    const x = vector(4, (i) => i - 1.5);
    const weights = [1, -2, 3, 0.5];
    const quartic = (z: T): T => tf.sum(tf.pow(z, 4));
    const f = (v: T): T => tf.sum(tf.mul(tf.tensor1d(weights), tf.grad(quartic)(v)));
    const { H } = await hessian(f, x);
    expectClose(
      H.data,
      matrix(4, (i, j) => (i === j ? 24 * weights[i] * x[i] : 0)),
      TIGHT,
    );
  });

  test('of a gradient of a gradient inside: fourth derivatives', async () => {
    const x = vector(3, (i) => i / 4 - 0.25);
    const second = tf.grad((z: T) => tf.sum(tf.grad((y: T) => tf.sum(tf.sin(y)))(z)));
    const { H } = await hessian((v: T) => tf.sum(second(v)), x); // Σ −sin, twice more: sin
    expectClose(
      H.data,
      matrix(3, (i, j) => (i === j ? Math.sin(x[i]) : 0)),
      TIGHT,
    );
  });

  test('of one parameter given as a number, a 0-d and a 1×1×1 tensor', async () => {
    for (const x of [0.5, float64(0.5), float64([0.5], [1, 1, 1])]) {
      const { H } = await hessian((v: T) => tf.sum(tf.exp(tf.mul(2, v))), x, { precision: 'float64' });
      expect(H.shape).toEqual([1, 1]);
      expectClose(H.data, [4 * Math.E], TIGHT);
    }
  });
});

describe('jacobian', () => {
  test('of a linear map is the map, exactly, for every output shape', async () => {
    const a = vector(24, (i) => ((7 * i) % 11) - 5);
    const A = float64(a, [6, 4]);
    for (const shape of [[6], [2, 3], [3, 1, 2]]) {
      const { J } = await jacobian(
        (x: T) => tf.reshape(tf.dot(A, x), shape),
        vector(4, (i) => i),
      );
      expect(J.shape).toEqual([...shape, 4]);
      expect([...J.data]).toEqual([...a]);
    }
  });

  test('of a scalar function is its gradient, of shape [n]', async () => {
    const x = vector(5, (i) => i);
    const { J } = await jacobian((v: T) => tf.sum(tf.square(v)), x);
    expect(J.shape).toEqual([5]);
    expectClose(
      J.data,
      x.map((v) => 2 * v),
      TIGHT,
    );
  });

  test('of softmax is diag(p) − p pᵀ', async () => {
    const x = vector(4, (i) => Math.sin(5 * i) * 3);
    const e = x.map(Math.exp);
    const total = e.reduce((s, v) => s + v, 0);
    const p = e.map((v) => v / total);
    const want = matrix(4, (i, j) => (i === j ? p[i] : 0) - p[i] * p[j]);
    for (const mode of ['forward', 'reverse'] as const) {
      expectClose((await jacobian((v: T) => tf.softmax(v), x, { mode })).J.data, want, TIGHT);
    }
  });

  test('of a tree of outputs is a tree of Jacobians', async () => {
    const f = ({ a, b }: { a: T; b: T }) => ({ sum: tf.add(a, b), parts: [tf.mul(a, b), tf.sum(a)] });
    const { J } = await jacobian(f, { a: Float64Array.of(2, 3), b: Float64Array.of(5, 7) });
    expect(J).toMatchObject({ sum: { shape: [2, 4] }, parts: [{ shape: [2, 4] }, { shape: [4] }] });
    const tree = J as unknown as { sum: { data: Float64Array }; parts: { data: Float64Array }[] };
    expect([...tree.sum.data]).toEqual([1, 0, 1, 0, 0, 1, 0, 1]);
    expect([...tree.parts[0].data]).toEqual([5, 0, 2, 0, 0, 7, 0, 3]);
    expect([...tree.parts[1].data]).toEqual([1, 1, 0, 0]);
  });
});
