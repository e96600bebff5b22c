/** Complex tensors, recorded: also what tfjs can't compute eagerly, against the definitions, and to third derivatives. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64, hessian, valueAndGrad } from '../../src/index.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { record } from '../../src/trace/record.ts';
import { valuesOf } from '../../src/unflatten.ts';
import { type C, cAdd, cDiv, cExp, cLog, cMul, cPow, cSinh } from './complex-numbers.ts';
import { floats } from './kernels/case.ts';
import { checkProgramDerivatives } from './kernels/check-derivatives.ts';
import { evaluated, flatX, printed, type T } from './recording.ts';

type Z = (z: T, w: T) => T;

beforeAll(() => tf.setBackend('cpu'));

const parts = (z: T): T => (z.dtype === 'complex64' ? tf.stack([tf.real(z), tf.imag(z)]) : z);

/** Two complex tensors of a shape as the four real leaves of x. */
const leaves = (shape: number[], other = shape): T[] =>
  [3, 4, 5, 6].map((seed, i) => {
    const { values } = floats(i < 2 ? shape : other, seed);
    return float64(values, i < 2 ? shape : other);
  });

const asFunction =
  (f: Z) =>
  ([a, b, c, d]: T[]): T =>
    parts(f(tf.complex(a, b), tf.complex(c, d)));

/** What f gives, its parts one after the other. */
const valuesAt = (f: Z, x: T[]): number[] => evaluated(asFunction(f), x, { precision: 'float64' })[0];

const numbers = ([re, im]: T[]): C[] => [...re.dataSync()].map((v, i) => [v, im.dataSync()[i]]);

const flat = (values: readonly C[]): number[] => [...values.map(([a]) => a), ...values.map(([, b]) => b)];

const expectClose = (actual: readonly number[], expected: readonly number[], tolerance = 1e-13): void => {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (const [i, v] of expected.entries()) expect(Math.abs(actual[i] - v), `[${i}]`).toBeLessThan(tolerance * scale);
};

/** Derivatives of three orders against differences. */
const check = (f: Z, x: T[]): void => {
  const flattened = flatX(x);
  const { program, constants } = record(asFunction(f), flattened, undefined, 'float64');
  const inputs = [...valuesOf(flattened, 'float64'), ...constants];
  const [result] = evaluateProgram(program, inputs);
  checkProgramDerivatives({ program, inputs, active: inputs.map((_, i) => i < x.length), result });
};

const each =
  (f: (z: C, w: C) => C) =>
  (z: C[], w: C[]): C[] =>
    z.map((v, i) => f(v, w[i % w.length]));

describe.each<[string, Z, (z: C[], w: C[]) => C[]]>([
  ['div', (z, w) => tf.div(z, w), each(cDiv)],
  ['div by a real one', (z, w) => tf.div(z, tf.real(w)), each((z, [c]) => [z[0] / c, z[1] / c])],
  ['div of a real one', (z, w) => tf.div(tf.real(w), z), each((z, [c]) => cDiv([c, 0], z))],
  ['reciprocal', (z) => tf.reciprocal(z), each((z) => cDiv([1, 0], z))],
  ['neg', (z) => tf.neg(z), each(([a, b]) => [-a, -b])],
  ['square', (z) => tf.square(z), each((z) => cMul(z, z))],
  ['exp', (z) => tf.exp(z), each(cExp)],
  ['pow 3', (z) => tf.pow(z, 3), each((z) => cMul(z, cMul(z, z)))],
  ['pow -2', (z) => tf.pow(z, -2), each((z) => cDiv([1, 0], cMul(z, z)))],
  ['pow 0', (z) => tf.pow(z, 0).add(z), each((z) => cAdd(z, [1, 0]))],
  ['pow 0.3', (z) => tf.pow(z, 0.3), each((z) => cPow(z, [Math.fround(0.3), 0]))],
  ['pow of another', (z, w) => tf.pow(z, w), each(cPow)],
  [
    'a real one to a complex power',
    (z, w) => tf.pow(tf.exp(tf.real(z)), w),
    each(([a], w) => cPow([Math.exp(a), 0], w)),
  ],
  ['expm1', (z) => tf.expm1(z), each((z) => cAdd(cExp(z), [-1, 0]))],
  ['log1p', (z) => tf.log1p(z), each((z) => cLog(cAdd(z, [1, 0])))],
  ['pow 0.5', (z) => tf.pow(z, 0.5), each((z) => cPow(z, [0.5, 0]))],
  ['pow -0.5', (z) => tf.pow(z, -0.5), each((z) => cPow(z, [-0.5, 0]))],
  ['sinh', (z) => tf.sinh(z), each(cSinh)],
  ['addN', (z, w) => tf.addN([z, w, z]), each((z, w) => cAdd(z, cAdd(w, z)))],
  ['abs', (z) => tf.complex(tf.abs(z), tf.zerosLike(tf.abs(z))), each(([a, b]) => [Math.hypot(a, b), 0])],
  [
    'squared abs',
    (z) => tf.abs(z).square().mul(tf.complex(1, 2)),
    each(([a, b]) => [a * a + b * b, 2 * (a * a + b * b)]),
  ],
])('tf.%s', (_name, f, expected) => {
  const x = leaves([2, 3]);
  it('has the value of the definition', () => {
    expectClose(valuesAt(f, x), flat(expected(numbers(x), numbers(x.slice(2)))));
  });
  it('has derivatives of three orders', () => check(f, x));
});

describe('broadcasting, which the cpu backend gets wrong', () => {
  const x = leaves([2, 3], [3]);
  it.each<[string, Z, (z: C, w: C) => C]>([
    ['add', (z, w) => z.add(w), cAdd],
    ['mul', (z, w) => w.mul(z), cMul],
    ['div', (z, w) => z.div(w), cDiv],
  ])('%s', (_name, f, expected) => {
    expectClose(valuesAt(f, x), flat(each(expected)(numbers(x), numbers(x.slice(2)))));
  });
  it('a matrix of a column and a row', () => {
    const [a, b] = [leaves([2, 1]), leaves([1, 3])];
    const given = [...a.slice(0, 2), ...b.slice(0, 2)];
    const [z, w] = [numbers(a), numbers(b)];
    const expected = z.flatMap((v) => w.map((u) => cMul(v, u)));
    expectClose(
      valuesAt((p, q) => p.mul(q), given),
      flat(expected),
    );
  });
});

/** Kernels of one operand that are linear and the same for both parts. */
const LIFTED: [string, (t: T) => T, number[]][] = [
  ['slice', (t) => t.slice([0, 1], [2, 2]), [2, 3]],
  ['strided slice', (t) => tf.stridedSlice(t, [1, 2], [0, 0], [-1, -2]), [2, 3]],
  ['reverse', (t) => t.reverse(1), [2, 3]],
  ['tile', (t) => tf.tile(t, [2, 1]), [2, 3]],
  ['broadcastTo', (t) => tf.broadcastTo(t, [4, 3]), [1, 3]],
  [
    'pad',
    (t) =>
      t.pad([
        [1, 0],
        [0, 2],
      ]),
    [2, 3],
  ],
  [
    'mirrorPad',
    (t) =>
      tf.mirrorPad(
        t,
        [
          [1, 0],
          [0, 2],
        ],
        'reflect',
      ),
    [2, 3],
  ],
  ['gather', (t) => t.gather(tf.tensor1d([2, 0, 2], 'int32'), 1), [2, 3]],
  ['gatherND', (t) => tf.gatherND(t, tf.tensor2d([1, 2, 0, 0], [2, 2], 'int32')), [2, 3]],
  ['scatterND', (t) => tf.scatterND(tf.tensor2d([3, 0], [2, 1], 'int32'), t, [4, 3]), [2, 3]],
  ['unsortedSegmentSum', (t) => tf.unsortedSegmentSum(t, tf.tensor1d([1, 1], 'int32'), 2), [2, 3]],
  ['unstack', (t) => tf.stack(tf.unstack(t, 1).reverse()), [2, 3]],
  ['split', (t) => tf.concat(tf.split(t, [1, 2], 1).reverse(), 1), [2, 3]],
  ['split into one', (t) => tf.split(t, 1)[0], [2, 3]],
  ['stack', (t) => tf.stack([t, t], 1), [2, 3]],
  ['sum', (t) => t.sum(1, true), [2, 3]],
  ['mean', (t) => t.mean(0), [2, 3]],
  ['cumsum', (t) => t.cumsum(1), [2, 3]],
  ['diag', (t) => tf.diag(t), [3]],
  ['squeeze', (t) => t.squeeze(), [1, 3]],
  ['spaceToBatchND', (t) => tf.spaceToBatchND(t, [2], [[0, 0]]), [2, 4, 1]],
];

describe('moves and sums', () => {
  it.each(LIFTED)('%s', (_name, f, shape) => {
    const x = leaves(shape);
    const expected = x.slice(0, 2).flatMap((part) => evaluated(f, part, { precision: 'float64' })[0]);
    expect(valuesAt((z) => f(z), x)).toEqual(expected);
  });

  it('pad: a value is a real one', () => {
    expect(valuesAt((z) => z.pad([[1, 0]], 2), leaves([1]))).toEqual([
      2,
      floats([1], 3).values[0],
      0,
      floats([1], 4).values[0],
    ]);
  });

  it('where, with a mask, and concat, with real ones', () => {
    const x = leaves([2]);
    const [a, b, c] = x.map((t) => [...t.dataSync()]);
    const mask = tf.tensor1d([1, 0], 'bool');
    expect(valuesAt((z, w) => tf.where(mask, z, tf.real(w)), x)).toEqual([a[0], c[1], b[0], 0]);
    expect(valuesAt((z) => tf.stack([z, tf.ones([2])]), x)).toEqual([...a, 1, 1, ...b, 0, 0]);
  });
});

describe('products', () => {
  const times = (z: C[], w: C[], m: number, k: number, n: number): C[] =>
    Array.from({ length: m * n }, (_, p) =>
      Array.from({ length: k }, (_, j) => cMul(z[Math.floor(p / n) * k + j], w[j * n + (p % n)])).reduce(cAdd),
    );

  it.each<[string, Z]>([
    ['matMul', (z, w) => tf.matMul(z, w)],
    ['matMul of transposed', (z, w) => tf.matMul(z.transpose(), w.transpose(), true, true)],
    ['einsum', (z, w) => tf.einsum('ij,jk->ik', z, w)],
    ['dot', (z, w) => tf.dot(z as tf.Tensor2D, w as tf.Tensor2D)],
  ])('%s', (_name, f) => {
    const x = leaves([2, 3], [3, 4]);
    expectClose(valuesAt(f, x), flat(times(numbers(x), numbers(x.slice(2)), 2, 3, 4)));
    check(f, x);
  });

  it('einsum with a real one', () => {
    const x = leaves([2, 2]);
    const real = numbers(x).map(([a]): C => [a, 0]);
    const f: Z = (p, q) => tf.einsum('ij,jk->ik', q, tf.real(p));
    expectClose(valuesAt(f, x), flat(times(numbers(x.slice(2)), real, 2, 2, 2)));
  });

  it('of a real matrix take half as many products', () => {
    const half = printed(([a, b, c]: T[]) => tf.abs(tf.matMul(tf.complex(a, b), c.cast('complex64'))), leaves([2, 2]));
    expect(half.match(/= dot/g)).toHaveLength(2);
  });

  it('convolution in three dimensions', () => {
    const x = leaves([1, 3, 3, 1, 1], [2, 2, 1, 1, 1]);
    const f: Z = (z, w) => tf.conv3d(z as tf.Tensor5D, w as tf.Tensor5D, 1, 'valid');
    const [z, w] = [numbers(x), numbers(x.slice(2))];
    const expected = [0, 1, 3, 4].map((at) => [0, 1, 3, 4].map((d, j) => cMul(z[at + d], w[j])).reduce(cAdd));
    expectClose(valuesAt(f, x), flat(expected));
  });
});

it.each([
  [2, 3],
  [2, 5],
  [1, 4],
])('prod of %i × %i', (m, n) => {
  const x = leaves([m, n]);
  const z = numbers(x);
  const rows = Array.from({ length: m }, (_, i) => z.slice(i * n, i * n + n).reduce(cMul));
  expectClose(
    valuesAt((v) => v.prod(1, true), x),
    flat(rows),
  );
  expectClose(
    valuesAt((v) => v.prod(), x),
    flat([z.reduce(cMul)]),
  );
  check((v) => v.prod(0), x);
});

describe('comparisons', () => {
  const f =
    (g: (z: T, w: T) => T) =>
    (x: T): T =>
      g(tf.complex(x, x.mul(2)), tf.complex(x, tf.tensor1d([2, 5]))).toFloat();
  it('equal and notEqual look at both parts', () => {
    const x = new Float32Array([1, 2]);
    expect(evaluated(f(tf.equal), x)).toEqual([[1, 0]]);
    expect(evaluated(f(tf.notEqual), x)).toEqual([[0, 1]]);
  });
  it('isNaN, isInf and isFinite look at both', () => {
    const x = new Float32Array([1, Number.NaN, Number.POSITIVE_INFINITY]);
    const of = (g: (z: T) => T) => evaluated((v: T) => g(tf.complex(tf.onesLike(v), v)).toFloat(), x);
    expect([of(tf.isNaN), of(tf.isInf), of(tf.isFinite)]).toEqual([[[0, 1, 0]], [[0, 0, 1]], [[1, 0, 0]]]);
  });
});

describe('corners', () => {
  it('abs at 0 has the derivatives of |z|²/2, as in JAX; its square has its own', async () => {
    const abs = ([a, b]: T[]): T => tf.abs(tf.complex(a, b)).sum();
    const at = [0, 0];
    const { value, gradient } = await valueAndGrad(abs as never, at as never);
    expect([...value.data, ...(gradient as unknown as number[])]).toEqual([0, 0, 0]);
    const hessianOf = async (f: (x: T[]) => T): Promise<number[][]> =>
      (await hessian(f as never, at as never, { jit: false })).H.toArray();
    expect(await hessianOf(abs)).toEqual([
      [1, 0],
      [0, 1],
    ]);
    const itself = (x: T[]): T => {
      const modulus = abs(x);
      return modulus.mul(modulus);
    };
    for (const squared of [(x: T[]) => abs(x).square(), itself]) {
      expect(await hessianOf(squared)).toEqual([
        [2, 0],
        [0, 2],
      ]);
    }
    expect(await hessianOf((x) => abs(x).pow(4))).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
  it('even powers of abs have no root', () => {
    const program = printed(
      ([a, b]: T[]) => tf.abs(tf.complex(a, b)).square(),
      [new Float32Array([1]), new Float32Array([2])],
    );
    expect(program).not.toMatch(/sqrt/);
    const norm = printed(
      ([a, b]: T[]) => tf.norm(tf.complex(a, b)),
      [new Float32Array([1, 2]), new Float32Array([2, 3])],
    );
    expect(norm.match(/sqrt/g)).toHaveLength(1);
  });
  it('roots and logarithms are on their principal branches', () => {
    const of = (f: Z, at: C): number[] => valuesAt(f, [float64([at[0]]), float64([at[1]]), float64([1]), float64([1])]);
    expectClose(
      of((z) => tf.pow(z, 0.5), [-4, 0]),
      [0, 2],
    );
    expectClose(
      of((z) => tf.pow(z, 0.5), [-4, -1e-300]),
      [0, -2],
    );
    expectClose(
      of((z) => tf.pow(z, 0.5), [0, 0]),
      [0, 0],
    );
    expectClose(
      of((z) => tf.pow(z, 0.5), [1, 1e-20]),
      [1, 5e-21],
      1e-30,
    );
    expectClose(
      of((z) => tf.log1p(z), [-2, 0]),
      [0, Math.PI],
    );
  });
  it('expm1 and log1p keep their digits near 0', () => {
    const near = [1e-20, 2e-20].map((v) => float64([v]));
    expectClose(
      valuesAt((z) => tf.expm1(z), [...near, ...near]).map((v) => v * 1e20),
      [1, 2],
    );
    expectClose(
      valuesAt((z) => tf.log1p(z), [...near, ...near]).map((v) => v * 1e20),
      [1, 2],
    );
  });
});
