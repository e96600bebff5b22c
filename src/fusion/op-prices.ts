/** What operations cost inside a nest of loops, beside an addition; and which there are. */

import type { Dtype } from '../ir/aval.ts';
import type { PrimitiveName } from '../ir/params.ts';

/** As multiples of an addition; of primitives that aren't here there is no code. */
const PRICES: Partial<Record<PrimitiveName, number>> = {
  neg: 1,
  abs: 1,
  sign: 4,
  sqrt: 5,
  floor: 1,
  ceil: 1,
  round: 1,
  is_nan: 1,
  is_inf: 2,
  not: 1,
  add: 1,
  sub: 1,
  mul: 1,
  div: 5,
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
  select: 1,
  cast: 1,
  iota: 0.5,
  one_hot: 2,
  gather: 6,
};

/** Primitives that are computed element by element inside a nest. */
export const OPS: ReadonlySet<string> = new Set(Object.keys(PRICES));

/** For a vector; half as many float64s fit into one, and these are divided more slowly. */
export const priceOfOp = (op: PrimitiveName, dtype: Dtype): number => {
  const price = PRICES[op] ?? 0;
  return dtype === 'float64' && price > 4 ? 2 * price : price;
};
