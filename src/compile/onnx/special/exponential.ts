/**
 * Functions made of exp and log without their cancellations, in either precision. Errors in float64, measured
 * against mpmath (test/compile/special.test.ts), in ulp: expm1 4, log1p 3, logistic 3, softplus 3.
 */

import type { Atom } from '../../../ir/program.ts';
import type { Ops } from '../../../primitives/ops.ts';

/** Near zero 2t/(1 − t) with t = tanh(x/2), which is the same; farther out e^x − 1 loses nothing. */
export const expm1 = (ops: Ops, x: Atom): Atom => {
  const t = ops.unary('tanh', ops.mul(x, 0.5));
  const near = ops.div(ops.add(t, t), ops.sub(1, t));
  const far = ops.sub(ops.unary('exp', x), 1);
  return ops.select(ops.binary('lt', ops.unary('abs', x), 0.5), near, far);
};

/**
 * log(u)·x/(u − 1) with u the rounded 1 + x, whose error the quotient undoes (W. Kahan; D. Goldberg, "What every
 * computer scientist should know about floating-point arithmetic", 1991, theorem 4).
 */
export const log1p = (ops: Ops, x: Atom): Atom => {
  const u = ops.add(x, 1);
  const rest = ops.sub(u, 1);
  const log = ops.unary('log', u);
  // Where 1 doesn't count, or the quotient is 0/0 or ∞/∞.
  const plain = ops.binary('ge', x, 2 ** 60);
  const corrected = ops.select(plain, log, ops.mul(log, ops.div(x, rest)));
  return ops.select(ops.binary('eq', rest, 0), x, corrected);
};

/** log(1 + e) for e in [0, 1]: log u plus what rounding lost of u, to first order. */
const log1pOfFraction = (ops: Ops, e: Atom): Atom => {
  const u = ops.add(e, 1);
  return ops.add(ops.unary('log', u), ops.div(ops.sub(e, ops.sub(u, 1)), u));
};

/** The engine's own Sigmoid is 0 or a constant where it should be e^x (from −18 in float32, −37 in float64). */
export const logistic = (ops: Ops, x: Atom): Atom => ops.div(1, ops.add(ops.unary('exp', ops.neg(x)), 1));

/** The engine's own Softplus overflows above 710 in float64, and is slower. */
export const softplus = (ops: Ops, x: Atom): Atom =>
  ops.add(ops.binary('max', x, 0), log1pOfFraction(ops, ops.unary('exp', ops.neg(ops.unary('abs', x)))));
