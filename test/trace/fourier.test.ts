/** Fourier transforms of all kinds of lengths, recorded: values, transposes, and how they are made. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64 } from '../../src/index.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { planOf } from '../../src/trace/kernels/dft-plan.ts';
import { unitOf } from '../../src/trace/kernels/dft-tables.ts';
import { record } from '../../src/trace/record.ts';
import { grad } from '../../src/transforms/grad.ts';
import { valuesOf } from '../../src/unflatten.ts';
import { type C, plainDft } from './complex-numbers.ts';
import { floats } from './kernels/case.ts';
import { evaluated, flatX, printed, type T } from './recording.ts';

const LENGTHS = [1, 2, 3, 5, 7, 16, 17, 30, 97, 128, 210, 256, 1009];
const PRECISIONS = ['float32', 'float64'] as const;
const TOLERANCE = { float32: 1e-6, float64: 2e-15 };

beforeAll(() => tf.setBackend('cpu'));

const parts = (z: T): T => tf.stack([tf.real(z), tf.imag(z)]);

const rowsOf = (n: number): number => (n > 300 ? 1 : 2);

/** Rows of complex numbers and the same as two leaves. */
const given = (n: number, seed = 3): { rows: C[][]; x: T[] } => {
  const shape = [rowsOf(n), n];
  const [re, im] = [floats(shape, seed).values, floats(shape, seed + 1).values];
  const row = (r: number): C[] => Array.from({ length: n }, (_, t) => [re[r * n + t], im[r * n + t]]);
  return { rows: Array.from({ length: shape[0] }, (_, r) => row(r)), x: [float64(re, shape), float64(im, shape)] };
};

const flat = (rows: readonly C[][]): number[] => [0, 1].flatMap((part) => rows.flat().map((z) => z[part]));

/** Relative to the largest number, of which rounding errors are a share. */
const expectClose = (actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void => {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (const [i, v] of expected.entries()) expect(Math.abs(actual[i] - v), `[${i}]`).toBeLessThan(tolerance * scale);
};

describe.each(PRECISIONS)('in %s', (precision) => {
  const of = (f: (z: T) => T, x: T[]): number[] =>
    evaluated(([re, im]: T[]) => f(tf.complex(re, im)), x, { precision })[0];
  const tolerance = (n: number): number => TOLERANCE[precision] * (n > 1 ? Math.log2(n) : 1);

  describe.each(LENGTHS)('length %i', (n) => {
    const { rows, x } = given(n);
    it('fft', () => {
      expectClose(
        of((z) => parts(tf.fft(z)), x),
        flat(plainDft(rows, -1)),
        tolerance(n),
      );
    });
    it('ifft', () => {
      const expected = flat(plainDft(rows, 1)).map((v) => v / n);
      expectClose(
        of((z) => parts(tf.ifft(z)), x),
        expected,
        tolerance(n),
      );
    });
    it('rfft: of the real part, the first half', () => {
      const spectrum = plainDft(
        rows.map((row) => row.map(([re]): C => [re, 0])),
        -1,
      );
      const half = spectrum.map((row) => row.slice(0, Math.floor(n / 2) + 1));
      expectClose(
        of((z) => parts(tf.spectral.rfft(tf.real(z))), x),
        flat(half),
        tolerance(n),
      );
    });
    it('fft of a real one: all of it', () => {
      const spectrum = plainDft(
        rows.map((row) => row.map(([re]): C => [re, 0])),
        -1,
      );
      const f = (z: T): T => parts(tf.fft(tf.real(z).cast('complex64')));
      expectClose(of(f, x), flat(spectrum), tolerance(n));
    });
    it('transposed: the gradient is the transform with the other sign', () => {
      const w = given(n, 7);
      const f = ([re, im]: T[]): T =>
        parts(tf.fft(tf.complex(re, im)))
          .mul(tf.stack(w.x))
          .sum();
      const flattened = flatX(x);
      const { program, constants } = record(f, flattened, undefined, precision);
      const inputs = [...valuesOf(flattened, precision), ...constants];
      const [, ...gradient] = evaluateProgram(
        grad(
          program,
          inputs.map((_, i) => i < 2),
          0,
        ),
        inputs,
      );
      expectClose(
        gradient.flatMap((g) => [...g.data]),
        flat(plainDft(w.rows, 1)),
        tolerance(n),
      );
    });
  });

  it.each([1, 2, 3, 9, 50, 300])('irfft of %i numbers', (count) => {
    const { rows, x } = given(count);
    const length = count <= 2 ? count : 2 * (count - 1);
    const mirrored = rows.map((row) => [
      ...row,
      ...(count <= 2 ? [] : row.slice(1, -1).reverse()).map(([re, im]): C => [re, -im]),
    ]);
    const expected = plainDft(mirrored, 1).flatMap((row) => row.map(([re]) => re / length));
    expectClose(
      of((z) => tf.spectral.irfft(z), x),
      expected,
      tolerance(length),
    );
  });
});

describe('a spectrum that f joined of halves', () => {
  const joined = (re: number[], im: number[]): C[] => [
    ...re.map((v, i): C => [v, im[i]]),
    ...re
      .map((v, i): C => [v, -im[i]])
      .slice(1, -1)
      .reverse(),
  ];
  /** Half a spectrum and its conjugates, as tf.irfft joins them, along the last axis. */
  const whole = ([re, im]: T[]): T => {
    const inner = (x: T): T => tf.reverse(tf.slice(x, [0, 1], [-1, (x.shape[1] as number) - 2]), 1);
    const mirror = tf.complex(inner(re), tf.neg(inner(im)));
    return tf.ifft(tf.concat([tf.complex(re, im), mirror], 1));
  };

  it.each(PRECISIONS)('keeps what is imaginary in its first and middle element, in %s', (precision) => {
    const [re, im] = [floats([2, 4], 1).values, floats([2, 4], 2).values];
    const rows = [0, 4].map((at) => joined(re.slice(at, at + 4), im.slice(at, at + 4)));
    const expected = flat(plainDft(rows, 1)).map((v) => v / 6);
    const x = [float64(re, [2, 4]), float64(im, [2, 4])];
    const [actual] = evaluated((z: T[]) => parts(whole(z)), x, { precision });
    expectClose(actual, expected, TOLERANCE[precision] * 3);
  });

  it('of one element in its inside', () => {
    const x = [float64([1, 2, 3], [1, 3]), float64([0.5, 0.25, -2], [1, 3])];
    const [actual] = evaluated((z: T[]) => tf.imag(whole(z)), x, { precision: 'float64' });
    expect(actual).toEqual([-0.375, 0.625, -0.375, 0.625]);
  });

  it.each([
    [1, 1],
    [2, 1],
    [1, 3],
    [2, 2],
    [4, 1],
  ])('of %i and %i elements that mirror nothing', (first, second) => {
    const [re, im] = [floats([2, first + second], 3).values, floats([2, first + second], 4).values];
    const n = first + second;
    const x = [float64(re, [2, n]), float64(im, [2, n])];
    const f = ([a, b]: T[]): T => {
      const part = (at: number, count: number): T =>
        tf.complex(tf.slice(a, [0, at], [2, count]), tf.slice(b, [0, at], [2, count]));
      const other = (at: number, count: number): T =>
        tf.complex(tf.slice(b, [0, at], [2, count]), tf.slice(a, [0, at], [2, count]));
      return parts(tf.ifft(tf.concat([part(0, first), other(first, second)], 1)));
    };
    const row = (r: number): C[] =>
      Array.from({ length: n }, (_, t) => {
        const [u, v] = [re[r * n + t], im[r * n + t]];
        return t < first ? [u, v] : [v, u];
      });
    const expected = flat(plainDft([row(0), row(1)], 1)).map((v) => v / n);
    expectClose(evaluated(f, x, { precision: 'float64' })[0], expected, 1e-14);
  });

  it('of numbers stacked', () => {
    const x = [float64([1, 2, 3, 4]), float64([4, 3, 2, 0.5])];
    const f = ([a, b]: T[]): T => tf.abs(tf.ifft(tf.stack([tf.complex(a, b), tf.complex(b, a)], -1)));
    const rows = [0, 1, 2, 3].map((i): C[] => {
      const [u, v] = [[1, 2, 3, 4][i], [4, 3, 2, 0.5][i]];
      return [
        [u, v],
        [v, u],
      ];
    });
    const expected = plainDft(rows, 1).flatMap((row) => row.map(([re, im]) => Math.hypot(re, im) / 2));
    expectClose(evaluated(f, x, { precision: 'float64' })[0], expected, 1e-14);
  });
});

it('leading axes of any rank', () => {
  const shape = [2, 1, 3, 5];
  const { values } = floats(shape);
  const f = (x: T): T => parts(tf.fft(tf.complex(x, x)));
  const [actual] = evaluated(f, float64(values, shape), { precision: 'float64' });
  const rows = Array.from({ length: 6 }, (_, r) => values.slice(5 * r, 5 * r + 5).map((v): C => [v, v]));
  expectClose(actual, flat(plainDft(rows, -1)), 1e-14);
});

it('there and back is where it was', () => {
  const { rows, x } = given(1009);
  const f = ([re, im]: T[]): T => parts(tf.ifft(tf.fft(tf.complex(re, im))));
  expectClose(evaluated(f, x, { precision: 'float64' })[0], flat(rows), 1e-14);
});

describe('how it is made', () => {
  it('by one matrix, by those of factors, or by a convolution', () => {
    const plans = [1, 97, 128, 210, 509, 1009, 1024].map((n) => {
      const plan = planOf(n);
      return plan.kind === 'split' ? `${plan.outer} × ${plan.inner}` : plan.kind === 'chirp' ? plan.length : 'matrix';
    });
    expect(plans).toEqual(['matrix', 'matrix', 'matrix', '14 × 15', 'matrix', 2048, '32 × 32']);
  });
  it('of great lengths by more factors, and no matrix is large', () => {
    for (const n of [8192, 100_000, 65_537, 3 * 65_537]) {
      const largest = (m: number): number => {
        const plan = planOf(m);
        if (plan.kind === 'direct') return m;
        return plan.kind === 'chirp' ? largest(plan.length) : Math.max(plan.outer, largest(plan.inner));
      };
      expect(largest(n)).toBeLessThanOrEqual(512);
    }
  });
  it('of real sequences and their spectra with half as many products', () => {
    const dots = (f: (x: T) => T): number => printed(f, new Float32Array(8)).match(/= dot/g)?.length ?? 0;
    expect(dots((x) => tf.abs(tf.fft(tf.complex(x, x.square()))))).toBe(4);
    expect(dots((x) => tf.abs(tf.spectral.rfft(x)))).toBe(2);
    expect(dots((x) => tf.spectral.irfft(tf.complex(x, x.square())))).toBe(2);
    expect(printed((x: T) => tf.abs(tf.spectral.rfft(x)), new Float32Array(8))).not.toMatch(/concat|reverse|slice/);
  });
  it('with each matrix once in a program', () => {
    const f = (x: T): T => {
      let z: T = tf.complex(x, x.square());
      for (let i = 0; i < 5; i++) z = tf.ifft(tf.fft(z).mul(z));
      return tf.abs(z);
    };
    expect(record(f, flatX(new Float32Array(16)), undefined, 'float32').constants).toHaveLength(2);
  });
  it('with exact quarters', () => {
    const quarters = [0, 1, 2, 3].map((k) => unitOf(k, 4).map((v) => v + 0));
    expect(quarters).toEqual([
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ]);
    for (let k = 0; k < 30; k++) {
      const [c, s] = unitOf(k, 30);
      expect(Math.hypot(c - Math.cos((2 * Math.PI * k) / 30), s - Math.sin((2 * Math.PI * k) / 30))).toBeLessThan(
        1e-15,
      );
    }
  });
});
