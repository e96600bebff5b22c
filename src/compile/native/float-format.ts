/** How floats are made of bits, and which operations are on these. */

import type { FloatDtype } from '../../ir/aval.ts';

/** Operations on the bits of floats. */
export const BITS: ReadonlySet<string> = new Set(['pow2', 'exponent', 'significand']);

/** Where the exponent begins, what it counts from, and the number from which on floats are whole. */
export const FORMATS: Readonly<
  Record<FloatDtype, { readonly shift: number; readonly bias: number; readonly whole: number }>
> = {
  float32: { shift: 23, bias: 127, whole: 2 ** 23 },
  float64: { shift: 52, bias: 1023, whole: 2 ** 52 },
};

export const bitsOf = (value: number, dtype: FloatDtype): bigint =>
  dtype === 'float32'
    ? BigInt(new Int32Array(Float32Array.of(value).buffer)[0])
    : new BigInt64Array(Float64Array.of(value).buffer)[0];

export const fractionMask = (dtype: FloatDtype): bigint => (1n << BigInt(FORMATS[dtype].shift)) - 1n;
