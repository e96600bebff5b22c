/**
 * atan, asin, acos in float64, atan2 in either precision. Errors measured against mpmath
 * (test/compile/special.test.ts), in ulp: atan 2, asin 3, acos 3, atan2 4.
 */

import type { Atom } from '../../../ir/program.ts';
import type { Ops } from '../../../primitives/ops.ts';
import { polynomial } from './polynomial.ts';

/** (atan(t)/t − 1)/t² in t² up to tan(π/8)², to 1.2e−18 (scripts/fit-coefficients.py). */
const ATAN = [
  -0.333333333333332, 0.19999999999954046, -0.14285714280245412, 0.11111110785996399, -0.09090897832676682,
  0.07692061574223982, -0.0666311970880334, 0.05848004251449689, -0.0503982546306544, 0.03807783338581919,
  -0.017921766691385958,
];

/** From the tangents of π/8 and of 3π/8 on, atan is taken about π/4 and about π/2. */
export const atan = (ops: Ops, x: Atom): Atom => {
  const a = ops.unary('abs', x);
  const sign = ops.select(ops.binary('lt', x, 0), ops.full(x, -1), 1);
  const large = ops.binary('gt', a, 1 + Math.SQRT2);
  const middling = ops.binary('gt', a, Math.SQRT2 - 1);
  const top = ops.select(large, ops.neg(sign), ops.select(middling, ops.sub(x, sign), x));
  const bottom = ops.select(large, a, ops.select(middling, ops.add(a, 1), 1));
  const t = ops.div(top, bottom);
  const square = ops.mul(t, t);
  const near = ops.add(t, ops.mul(ops.mul(t, square), polynomial(ops, square, ATAN)));
  const centre = ops.select(large, ops.full(x, Math.PI / 2), Math.PI / 4);
  // Adding a centre of 0 would lose the sign of −0.
  return ops.select(middling, ops.add(ops.mul(centre, sign), near), near);
};

/** 2·atan(x / (1 + √(1 − x²))). */
export const asin = (ops: Ops, x: Atom): Atom => {
  const root = ops.unary('sqrt', ops.mul(ops.sub(1, x), ops.add(x, 1)));
  return ops.mul(atan(ops, ops.div(x, ops.add(root, 1))), 2);
};

/** 2·atan(√((1 − x)/(1 + x))). */
export const acos = (ops: Ops, x: Atom): Atom =>
  ops.mul(atan(ops, ops.unary('sqrt', ops.div(ops.sub(1, x), ops.add(x, 1)))), 2);

/** Whether a number has its sign bit: below zero, or −0, whose reciprocal is −∞. */
const isNegative = (ops: Ops, x: Atom): Atom => {
  const zero = ops.binary('eq', x, 0);
  return ops.binary('lt', ops.select(zero, ops.div(1, x), x), 0);
};

/** The angle of (|y|, |x|) from the smaller over the larger, then brought to the quadrant. */
export const atan2 = (ops: Ops, y: Atom, x: Atom, atanOf: (t: Atom) => Atom): Atom => {
  const [a, b] = [ops.unary('abs', y), ops.unary('abs', x)];
  const larger = ops.binary('max', a, b);
  const smaller = ops.binary('min', a, b);
  // 0/0 is 0 and ∞/∞ is 1.
  const none = ops.binary('eq', larger, 0);
  const ratio = ops.div(smaller, ops.select(none, 1, larger));
  const both = ops.unary('is_inf', smaller);
  const angle = atanOf(ops.select(both, 1, ratio));
  const steep = ops.select(ops.binary('gt', a, b), ops.sub(Math.PI / 2, angle), angle);
  const turned = ops.select(isNegative(ops, x), ops.sub(Math.PI, steep), steep);
  return ops.select(isNegative(ops, y), ops.neg(turned), turned);
};
