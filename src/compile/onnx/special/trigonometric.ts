/**
 * sin, cos, tan in float64. The engine has only Sin there, and that only good to an absolute error near the
 * multiples of π. Errors measured against mpmath (test/compile/special.test.ts), in ulp, up to |x| = 2^27:
 * sin 3, cos 3, tan 5; beyond, an absolute error of 1e−15 in sin and cos.
 */

import type { Atom } from '../../../ir/program.ts';
import type { Ops } from '../../../primitives/ops.ts';

/** π in four parts, the first three of 26 bits, so that their products with a number of 27 bits are exact. */
const PI_PARTS = [3.1415926218032837, 3.1786509424591713e-8, 1.2246467864107189e-16, 1.27366343270219e-24];

/** x − q·π (W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", 1980). */
const reduced = (ops: Ops, x: Atom, q: Atom): Atom => {
  let rest = x;
  for (const part of PI_PARTS) rest = ops.sub(rest, ops.mul(q, part));
  return rest;
};

/** 0 for an even whole number, ½ for an odd one. */
const oddness = (ops: Ops, q: Atom): Atom => {
  const half = ops.mul(q, 0.5);
  return ops.sub(half, ops.unary('floor', half));
};

const nearest = (ops: Ops, x: Atom): Atom => ops.unary('round', x);

/** Beyond this an argument isn't reduced; the engine's Sin takes it as it is. */
const LARGEST_REDUCED = 2 ** 27;

const isLarge = (ops: Ops, x: Atom): Atom => ops.binary('gt', ops.unary('abs', x), LARGEST_REDUCED);

/** sin(x) = ±sin(x − qπ). */
export const sin = (ops: Ops, x: Atom): Atom => {
  const q = ops.select(isLarge(ops, x), 0, nearest(ops, ops.mul(x, 1 / Math.PI)));
  const sign = ops.sub(1, ops.mul(oddness(ops, q), 4));
  return ops.mul(ops.unary('sin', reduced(ops, x, q)), sign);
};

/** cos(x) = ±sin(x − (q + ½)π), and 1 − 2·sin²(x/2) far out. */
export const cos = (ops: Ops, x: Atom): Atom => {
  const large = isLarge(ops, x);
  const q = nearest(ops, ops.sub(ops.mul(x, 1 / Math.PI), 0.5));
  const sign = ops.sub(ops.mul(oddness(ops, q), 4), 1);
  const argument = ops.select(large, ops.mul(x, 0.5), reduced(ops, x, ops.add(q, 0.5)));
  const sine = ops.unary('sin', argument);
  return ops.select(large, ops.sub(1, ops.mul(ops.mul(sine, sine), 2)), ops.mul(sine, sign));
};

export const tan = (ops: Ops, x: Atom): Atom => ops.div(sin(ops, x), cos(ops, x));
