/** What operations cost inside a nest of loops, beside an addition; and which there are. */

import type { Dtype } from '../ir/aval.ts';
import type { NestOp } from './kernel.ts';

/** As multiples of an addition; of primitives that aren't here there is no code. */
const PRICES: Partial<Record<NestOp, number>> = {
  neg: 1,
  abs: 1,
  sign: 4,
  sqrt: 6,
  floor: 2,
  ceil: 2,
  round: 2,
  is_nan: 1,
  is_inf: 2,
  not: 1,
  add: 1,
  sub: 1,
  mul: 1,
  div: 6,
  rem: 8,
  pow: 4,
  max: 2,
  min: 2,
  eq: 1,
  ne: 1,
  lt: 1,
  le: 1,
  gt: 1,
  ge: 1,
  and: 1,
  or: 1,
  xor: 1,
  select: 1.5,
  cast: 1,
  iota: 0.5,
  one_hot: 2,
  gather: 6,
  exp: 50,
  expm1: 60,
  log: 70,
  log1p: 80,
  tanh: 60,
  logistic: 64,
  softplus: 140,
  erf: 110,
  sin: 60,
  cos: 60,
  far_sin: 4,
  far_cos: 4,
  turned: 40,
  turned_quarter: 40,
  at_least: 3,
  at_most: 3,
  pow2: 14,
  exponent: 30,
  significand: 20,
};

/** Primitives that are computed element by element inside a nest. */
export const OPS: ReadonlySet<string> = new Set(Object.keys(PRICES));

/** For a vector; half as many float64s fit into one, and these are divided more slowly. */
export const priceOfOp = (op: NestOp, dtype: Dtype): number => {
  const price = PRICES[op] ?? 0;
  return dtype === 'float64' && (op === 'div' || op === 'sqrt') ? 2 * price : price;
};
