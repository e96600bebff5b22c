/** Where whole numbers meet floats: int32 division, casts to int32, and powers of whole exponents. */

import type { Atom } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';

/** In float64, where dividing by zero doesn't end the process as it does in the engine's int32; x/0 and x%0 are 0. */
export const int32Quotient = (ops: Ops, name: 'div' | 'rem', x: Atom, y: Atom): Atom => {
  const none = ops.binary('eq', y, 0);
  const divisor = ops.cast(ops.select(none, 1, y), 'float64');
  const result = ops.cast(ops.binary(name, ops.cast(x, 'float64'), divisor), 'int32');
  return ops.select(none, 0, result);
};

const LARGEST = 2 ** 31 - 1;

/** Stops at int32's ends, NaN is 0: C++, and so the engine, leaves these undefined. */
export const toInt32 = (ops: Ops, x: Atom): Atom => {
  const wide = ops.cast(x, 'float64');
  const number = ops.select(ops.unary('is_nan', wide), 0, wide);
  return ops.cast(ops.binary('max', ops.binary('min', number, LARGEST), -LARGEST - 1), 'int32');
};

/** The power in float64, then its last 32 bits, as int32's own products would leave them; 0 where it is infinite. */
export const int32Power = (ops: Ops, x: Atom, y: Atom): Atom => {
  const power = ops.binary('pow', ops.cast(x, 'float64'), ops.cast(y, 'float64'));
  const turns = ops.unary('floor', ops.add(ops.mul(power, 2 ** -32), 0.5));
  return toInt32(ops, ops.sub(power, ops.mul(turns, 2 ** 32)));
};

/** Exponents up to this are multiplied out. */
export const LARGEST_EXPONENT = 8;

/** x^n for a whole n ≥ 1, by squaring. */
export const wholePower = (ops: Ops, x: Atom, n: number): Atom => {
  if (n === 1) return x;
  const half = wholePower(ops, x, Math.floor(n / 2));
  const square = ops.mul(half, half);
  return n % 2 === 0 ? square : ops.mul(square, x);
};
