/** The names of all primitives and the static parameters that each one takes. */

type None = Record<never, never>;

/** Labels of a `dot`: one number per axis; an axis label in `lhs` and `rhs` but not `out` is summed. */
export interface DotParams {
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly out: readonly number[];
}

export interface PrimitiveParams {
  // Elementwise, one float operand; the result has its shape and dtype.
  neg: None;
  abs: None;
  sign: None;
  exp: None;
  expm1: None;
  log: None;
  log1p: None;
  sqrt: None;
  sin: None;
  cos: None;
  tan: None;
  asin: None;
  acos: None;
  atan: None;
  sinh: None;
  cosh: None;
  tanh: None;
  asinh: None;
  acosh: None;
  atanh: None;
  erf: None;
  logistic: None;
  softplus: None;
  floor: None;
  ceil: None;
  /** To the nearest integer, halves to even. */
  round: None;
  // float → bool
  is_nan: None;
  is_inf: None;
  // bool → bool
  not: None;
  // Elementwise, two operands of one shape and dtype.
  add: None;
  sub: None;
  mul: None;
  /** True division for floats; int32 truncates toward zero. */
  div: None;
  /** C's fmod: the result has the sign of the dividend. */
  rem: None;
  pow: None;
  max: None;
  min: None;
  atan2: None;
  // → bool
  eq: None;
  ne: None;
  lt: None;
  le: None;
  gt: None;
  ge: None;
  /** Of two bools; of two int32, bit by bit. */
  and: None;
  // bool × bool → bool
  or: None;
  xor: None;
  /** (condition: bool, whenTrue, whenFalse), all of one shape. */
  select: None;
  /**
   * (value, …operands, …residuals) → value. Its tangent is what `rule`, a linear program in its serial form, makes of
   * (…residuals, …tangents of the operands), before them of its own result if it `takesResult`.
   */
  custom_jvp: { readonly rule: string; readonly operands: number; readonly takesResult: boolean };
  cast: { readonly dtype: 'float32' | 'float64' | 'int32' | 'bool' };
  // Movement.
  reshape: { readonly shape: readonly number[] };
  /** Operand axis i becomes result axis `axes[i]` (strictly increasing); the other axes repeat. */
  broadcast: { readonly shape: readonly number[]; readonly axes: readonly number[] };
  /** Result axis i is operand axis `permutation[i]`. */
  permute: { readonly permutation: readonly number[] };
  reverse: { readonly axes: readonly number[] };
  /** Result element i along `axis` is operand element (i + shift) mod its length; 0 ≤ shift < length. */
  roll: { readonly axis: number; readonly shift: number };
  slice: {
    readonly starts: readonly number[];
    readonly limits: readonly number[];
    readonly strides: readonly number[];
  };
  /** `value` around (low, high ≥ 0) and `interior` many between neighbours, per axis. */
  pad: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  concat: { readonly axis: number };
  /** (operand, indices int32): along `axis`, `indices.shape` replaces that axis; 0 where an index is out of range. */
  gather: { readonly axis: number };
  /** (updates, indices int32): the transpose of gather; `updates` has `indices.shape` at `axis`, the result `size`; out of range is dropped. */
  scatter_add: { readonly axis: number; readonly size: number };
  /** (): counts 0, 1, … along `axis`. */
  iota: { readonly shape: readonly number[]; readonly axis: number; readonly dtype: 'float32' | 'float64' | 'int32' };
  /** (indices int32): a new last axis of `depth`, 1 where it equals the index, else 0 (also out of range). */
  one_hot: { readonly depth: number; readonly dtype: 'float32' | 'float64' };
  /** Along `axis` (length L): […, L, …] → […, O, size, …], O = floor((L − (size−1)·dilation − 1) / stride) + 1. */
  windows: { readonly axis: number; readonly size: number; readonly stride: number; readonly dilation: number };
  /** The transpose of windows: […, O, size, …] → […, length, …], overlaps added. */
  fold: { readonly axis: number; readonly length: number; readonly stride: number; readonly dilation: number };
  // Reductions; the reduced axes vanish.
  reduce_sum: { readonly axes: readonly number[] };
  reduce_max: { readonly axes: readonly number[] };
  reduce_min: { readonly axes: readonly number[] };
  /** → int32, the first of equals. */
  argmax: { readonly axis: number };
  argmin: { readonly axis: number };
  /** → int32: along `axis`, the places of its `k` greatest, greatest first; of equals the first first; NaN counts as ∞. */
  argtopk: { readonly axis: number; readonly k: number };
  cumsum: { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean };
  dot: DotParams;
}

export type PrimitiveName = keyof PrimitiveParams;

export type ParamValue = number | string | boolean | readonly number[];
/** Params as plain data, for code that knows primitives only by name. */
export type Params = Readonly<Record<string, ParamValue>>;
