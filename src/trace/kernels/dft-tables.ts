/** The constants of discrete Fourier transforms, made in float64: matrices, twiddle factors and chirps. */

import { allocate, type Shape } from '../../ir/aval.ts';
import type { Complex, KernelContext } from '../kernel.ts';
import { complex } from './complex-parts.ts';

type Unit = readonly [cos: number, sin: number];

/** cos and sin of 2π·k/n for 0 ≤ k < n, from angles of at most π/4: exact where they are 0, ½√2 or 1. */
export const unitOf = (k: number, n: number): Unit => {
  const eighth = Math.floor((8 * k) / n);
  // Distance from the nearest multiple of a quarter turn, in units of 2π/(4n).
  const quarter = (eighth + 1) >> 1;
  const angle = (Math.PI * (4 * k - quarter * n)) / (2 * n);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  switch (quarter & 3) {
    case 0:
      return [c, s];
    case 1:
      return [-s, c];
    case 2:
      return [-c, -s];
    default:
      return [s, -c];
  }
};

interface Pair {
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

/** exp(2πi·j·k/n) for rows j and columns k. */
const grid = (rows: number, columns: number, n: number): Pair => {
  const circle = Array.from({ length: n }, (_, k) => unitOf(k, n));
  const cos = new Float64Array(rows * columns);
  const sin = new Float64Array(rows * columns);
  for (let j = 0; j < rows; j++) {
    for (let k = 0; k < columns; k++) [cos[j * columns + k], sin[j * columns + k]] = circle[(j * k) % n];
  }
  return { cos, sin };
};

/** By recording: each table is captured once. */
const captured = new WeakMap<KernelContext, Map<string, Complex>>();

const once = (context: KernelContext, key: string, shape: Shape, make: () => Pair): Complex => {
  const tables = captured.get(context) ?? new Map<string, Complex>();
  captured.set(context, tables);
  const known = tables.get(key);
  if (known) return known;
  const { cos, sin } = make();
  const capture = (values: Float64Array) => {
    const data = allocate(context.precision, values.length);
    data.set(values);
    return context.capture({ shape, dtype: context.precision, data });
  };
  const table = complex(capture(cos), capture(sin));
  tables.set(key, table);
  return table;
};

/** cos and sin of 2π·j·k/n, [rows, columns]. */
export const waves = (context: KernelContext, rows: number, columns: number, n: number): Complex =>
  once(context, `waves ${rows} ${columns} ${n}`, [rows, columns], () => grid(rows, columns, n));

/** The same for rows of a spectrum of which the conjugates are left out, each counted as often as it stands for, over n. */
export const halfWaves = (context: KernelContext, rows: number, n: number): Complex =>
  once(context, `half waves ${rows} ${n}`, [rows, n], () => {
    const { cos, sin } = grid(rows, n, n);
    const weighted = (values: Float64Array): Float64Array =>
      values.map((v, i) => {
        const row = Math.floor(i / n);
        return (v * (row === 0 || 2 * row === n ? 1 : 2)) / n;
      });
    return { cos: weighted(cos), sin: weighted(sin) };
  });

/** exp(−πi·t²/n) for t = 0 … n−1. */
const chirpOf = (n: number): Pair => {
  const units = Array.from({ length: n }, (_, t) => unitOf((t * t) % (2 * n), 2 * n));
  return { cos: Float64Array.from(units, ([c]) => c), sin: Float64Array.from(units, ([, s]) => -s) };
};

export const chirp = (context: KernelContext, n: number): Complex => once(context, `chirp ${n}`, [n], () => chirpOf(n));

/** The transform of a sequence whose length is a power of two, by halves. */
const transform = ({ cos, sin }: Pair): Pair => {
  const n = cos.length;
  if (n === 1) return { cos, sin };
  const every = (values: Float64Array, first: 0 | 1): Float64Array =>
    Float64Array.from({ length: n / 2 }, (_, i) => values[2 * i + first]);
  const even = transform({ cos: every(cos, 0), sin: every(sin, 0) });
  const odd = transform({ cos: every(cos, 1), sin: every(sin, 1) });
  const result = { cos: new Float64Array(n), sin: new Float64Array(n) };
  for (let k = 0; k < n / 2; k++) {
    const [c, s] = unitOf(k, n);
    const re = odd.cos[k] * c + odd.sin[k] * s;
    const im = odd.sin[k] * c - odd.cos[k] * s;
    result.cos[k] = even.cos[k] + re;
    result.sin[k] = even.sin[k] + im;
    result.cos[k + n / 2] = even.cos[k] - re;
    result.sin[k + n / 2] = even.sin[k] - im;
  }
  return result;
};

/** The transform of the conjugate chirp, wrapped around `length`, over `length`. */
export const chirpSpectrum = (context: KernelContext, n: number, length: number): Complex =>
  once(context, `chirp spectrum ${n} ${length}`, [length], () => {
    const { cos, sin } = chirpOf(n);
    const wrapped = { cos: new Float64Array(length), sin: new Float64Array(length) };
    for (let t = 0; t < n; t++) {
      for (const place of t === 0 ? [0] : [t, length - t]) {
        wrapped.cos[place] = cos[t] / length;
        wrapped.sin[place] = -sin[t] / length;
      }
    }
    return transform(wrapped);
  });
