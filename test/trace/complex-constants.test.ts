/** Complex tensors that depend on neither x nor data: f may compute with them as with traced ones, and read them. */

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { float64, valueAndGrad } from '../../src/index.ts';
import { floats } from './kernels/case.ts';
import { evaluated, refusal, type T } from './recording.ts';

let before: number;

beforeAll(() => tf.setBackend('cpu'));
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(before));

type Z = (z: T, w: T) => T;

const parts = (z: T): T => (z.dtype === 'complex64' ? tf.stack([tf.real(z), tf.imag(z)]) : z.toFloat());

const at = (...indices: number[]): T => tf.tensor1d(indices, 'int32');

/** Most of these fail on tfjs' cpu backend, or give NaN or the real parts alone. */
const OPS: [string, Z][] = [
  ['add a number', (z) => z.add(1)],
  ['add a row', (z, w) => z.add(w.slice(0, 1))],
  ['mul by a number', (z) => z.mul(2)],
  ['mul by a real one', (z, w) => z.mul(tf.real(w))],
  ['sub', (z, w) => tf.sub(tf.real(z), w)],
  ['div', (z, w) => z.div(w)],
  ['neg', (z) => z.neg()],
  ['abs', (z) => tf.abs(z)],
  ['exp', (z) => tf.exp(z)],
  ['expm1', (z) => tf.expm1(z)],
  ['log1p', (z) => tf.log1p(z)],
  ['sinh', (z) => tf.sinh(z)],
  ['square', (z) => z.square()],
  ['reciprocal', (z) => z.reciprocal()],
  ['pow', (z, w) => tf.pow(z, w)],
  ['prod', (z) => z.prod(1)],
  ['sum', (z) => z.sum(1)],
  ['mean', (z) => tf.mean(z)],
  ['cumsum', (z) => z.cumsum(1)],
  ['matMul', (z, w) => tf.matMul(z, w, false, true)],
  ['slice', (z) => z.slice([0, 1], [2, 1])],
  [
    'pad',
    (z) =>
      z.pad([
        [1, 0],
        [0, 2],
      ]),
  ],
  ['gather', (z) => z.gather(at(2, 0), 1)],
  ['reverse', (z) => z.reverse(1)],
  ['tile', (z) => z.tile([1, 2])],
  ['where', (z, w) => tf.where(tf.real(z).greater(0), z, w)],
  ['unstack', (z) => tf.unstack(z, 1)[2]],
  ['split', (z) => tf.split(z, 3, 1)[1]],
  ['addN', (z, w) => tf.addN([z, w])],
  ['concat', (z, w) => tf.concat([z, w.add(z)])],
  ['transpose', (z) => z.exp().transpose()],
  ['fft', (z) => tf.fft(z)],
  ['ifft', (z) => tf.ifft(z)],
  ['rfft', (z) => tf.rfft(tf.real(z))],
  ['irfft', (z) => tf.irfft(z)],
  ['equal', (z, w) => tf.equal(z, w)],
  ['cast', (z) => z.cast('float32')],
];

describe.each(['float32', 'float64'] as const)('in %s', (precision) => {
  const given = [3, 4, 5, 6].map((seed) => floats([2, 3], seed).values);
  const leaf = (values: readonly number[]): T =>
    precision === 'float64' ? float64([...values], [2, 3]) : tf.tensor(Float32Array.from(values), [2, 3]);

  it.each(OPS)('%s is what it is of traced ones', (_name, f) => {
    const x = given.map(leaf);
    const of = (p: T[]): T => parts(f(tf.complex(p[0], p[1]), tf.complex(p[2], p[3])));
    const [expected] = evaluated(of, x, { precision });
    expect(expected.every(Number.isFinite)).toBe(true);
    let read: ArrayLike<number> = [];
    const constant = (p: T[]): T => {
      const result = of(given.map(leaf));
      read = result.dataSync();
      return p[0].sum().mul(0).add(result);
    };
    expect(evaluated(constant, x, { precision })).toEqual([expected]);
    expect([...Array.from(read)]).toEqual(expected.map(Math.fround));
    tf.dispose(x);
  });

  it('made outside', () => {
    const c = tf.complex([1, 3], [5, 7]);
    const f = (p: T): T => tf.square(tf.abs(tf.mean(c))).mul(p.sum());
    const [[value]] = evaluated(f, new Float32Array([1]), { precision });
    expect(value).toBeCloseTo(40, 4);
    c.dispose();
  });
});

describe('read', () => {
  it('as pairs of numbers, also where a part is one number', () => {
    const f = (x: T): T => {
      expect([
        ...tf
          .complex(tf.zeros([2]), tf.tensor1d([1, 2]))
          .add(1)
          .dataSync(),
      ]).toEqual([1, 1, 1, 2]);
      expect(tf.abs(tf.complex([3], [4])).arraySync()).toEqual([5]);
      return x;
    };
    expect(evaluated(f, new Float32Array([1]))).toEqual([[1]]);
  });
  it.each<[string, (x: T) => T]>([
    ['real', (x) => tf.complex(x, tf.zerosLike(x))],
    ['imaginary', (x) => tf.complex(tf.zerosLike(x), x)],
  ])('not where the %s part depends on x', (_name, f) => {
    const error = refusal((x: T) => x.mul(f(x).dataSync()[0]));
    expect(error.code).toBe('CONCRETIZATION');
  });
  it('by kernels that are not recorded', () => {
    const f = (x: T): T => {
      const sizes = tf.abs(tf.complex([3, 0, 4], [4, 5, 0]));
      return tf.unique(sizes).values.mul(x);
    };
    expect(evaluated(f, new Float32Array([2]))).toEqual([[10, 8]]);
    expect(evaluated(f, new Float32Array([2]), { precision: 'float64' })).toEqual([[10, 8]]);
  });
  it('not by such kernels where float32 would round them', () => {
    const f = (x: T): T => tf.unique(float64([1 / 3, 1])).values.mul(x);
    expect(refusal(f, 1, { precision: 'float64' }).code).toBe('UNSUPPORTED_OP');
    expect(refusal((x: T) => tf.unique(x).values).code).toBe('UNSUPPORTED_OP');
  });
});

it('a propagator is differentiated as its closed form', async () => {
  const f = (p: T): T => {
    const phase = tf.linspace(0, 1, 8);
    const H = tf.exp(tf.complex(tf.zeros([8]), phase));
    const field = tf.ifft(tf.mul(tf.fft(tf.complex(tf.cos(p), tf.sin(p))), H));
    return tf.square(tf.abs(field)).square().sum();
  };
  const withTraced = (p: T): T => {
    const phase = tf.linspace(0, 1, 8).add(p.sum().mul(0));
    const field = tf.ifft(tf.mul(tf.fft(tf.complex(tf.cos(p), tf.sin(p))), tf.complex(tf.cos(phase), tf.sin(phase))));
    return tf.square(tf.abs(field)).square().sum();
  };
  const x = float64(floats([8], 3).values);
  const [a, b] = await Promise.all([f, withTraced].map((g) => valueAndGrad(g as never, x as never)));
  expect(a.value.data[0]).toBeCloseTo(b.value.data[0], 6);
  const [ga, gb] = [a, b].map(({ gradient }) => [...(gradient as unknown as { data: Float64Array }).data]);
  for (const [i, v] of gb.entries()) expect(ga[i]).toBeCloseTo(v, 6);
  x.dispose();
});

describe('ragged tensors, whose kernels take lists of tensors', () => {
  const gathered = (t: T, splits = at(0, 2, 4)): T => tf.raggedGather([splits], t, at(0), 1).outputDenseValues;
  const dense = (t: T, splits = at(0, 1, 3)): T =>
    tf.raggedTensorToTensor(at(2, 2), t, tf.scalar(0), [splits], ['ROW_SPLITS']);

  it.each(['float32', 'float64'] as const)('of constants are tensors like others, in %s', (precision) => {
    const of = (f: (x: T) => T): number[] => evaluated(f, new Float32Array([3]), { precision })[0];
    expect(of((x) => gathered(tf.tensor1d([1, 2, 3, 4])).mul(x))).toEqual([3, 6]);
    expect(of((x) => dense(tf.tensor1d([1, 2, 3])).mul(x))).toEqual([3, 0, 6, 9]);
    expect(of((x) => gathered(tf.abs(tf.complex([3, 0], [4, 1])), at(0, 2)).mul(x))).toEqual([15, 3]);
  });
  it.each<[string, (x: T) => T]>([
    ['values', (x) => gathered(x)],
    ['splits', (x) => gathered(tf.ones([4]), x.toInt())],
    ['values', (x) => dense(x)],
    ['splits', (x) => dense(tf.ones([4]), x.toInt())],
  ])('of traced %s are refused', (_name, f) => {
    expect(refusal(f, new Float32Array([0, 1, 2])).code).toBe('UNSUPPORTED_OP');
  });
});
