/**
 * Hyperbolic functions and their inverses in float64. Errors measured against mpmath
 * (test/compile/special.test.ts), in ulp: sinh 5, cosh 4, asinh 4, acosh 4, atanh 4.
 */

import type { Atom } from '../../../ir/program.ts';
import type { Ops } from '../../../primitives/ops.ts';
import { log1p } from './exponential.ts';

/** Halves of e^x and e^−x, as products in which e^(x/2) can't overflow before the result does. */
const halves = (ops: Ops, x: Atom): { grows: Atom; decays: Atom } => {
  const e = ops.unary('exp', ops.mul(x, 0.5));
  return { grows: ops.mul(ops.mul(e, 0.5), e), decays: ops.div(ops.div(0.5, e), e) };
};

/** Near zero 2t/(1 − t²) with t = tanh(x/2), where the halves would cancel. */
export const sinh = (ops: Ops, x: Atom): Atom => {
  const t = ops.unary('tanh', ops.mul(x, 0.5));
  const near = ops.div(ops.add(t, t), ops.sub(1, ops.mul(t, t)));
  const { grows, decays } = halves(ops, x);
  return ops.select(ops.binary('lt', ops.unary('abs', x), 1), near, ops.sub(grows, decays));
};

export const cosh = (ops: Ops, x: Atom): Atom => {
  const { grows, decays } = halves(ops, ops.unary('abs', x));
  return ops.add(grows, decays);
};

/** From here on a root of a² ± 1 is a, and a² may overflow. */
const LARGE = 2 ** 28;

const withSignOf = (ops: Ops, x: Atom, magnitude: Atom): Atom =>
  ops.select(ops.binary('lt', x, 0), ops.neg(magnitude), magnitude);

const logOfDouble = (ops: Ops, a: Atom): Atom => ops.add(ops.unary('log', a), Math.LN2);

/** log1p(a + a²/(1 + √(1 + a²))), a = |x| (fdlibm's form, s_asinh.c). */
export const asinh = (ops: Ops, x: Atom): Atom => {
  const a = ops.unary('abs', x);
  const square = ops.mul(a, a);
  const root = ops.unary('sqrt', ops.add(square, 1));
  const near = log1p(ops, ops.add(a, ops.div(square, ops.add(root, 1))));
  return withSignOf(ops, x, ops.select(ops.binary('lt', a, LARGE), near, logOfDouble(ops, a)));
};

/** log1p(t + √t·√(t + 2)), t = x − 1 (fdlibm's form, e_acosh.c, with a root of its own for each factor: NaN below 1). */
export const acosh = (ops: Ops, x: Atom): Atom => {
  const t = ops.sub(x, 1);
  const root = ops.mul(ops.unary('sqrt', t), ops.unary('sqrt', ops.add(t, 2)));
  return ops.select(ops.binary('lt', x, LARGE), log1p(ops, ops.add(t, root)), logOfDouble(ops, x));
};

/** ½·log1p(2a + 2a·a/(1 − a)), a = |x| (fdlibm's form, e_atanh.c). */
export const atanh = (ops: Ops, x: Atom): Atom => {
  const a = ops.unary('abs', x);
  const twice = ops.add(a, a);
  const rest = ops.sub(1, a);
  const near = ops.add(twice, ops.div(ops.mul(twice, a), rest));
  const argument = ops.select(ops.binary('lt', a, 0.5), near, ops.div(twice, rest));
  return withSignOf(ops, x, ops.mul(log1p(ops, argument), 0.5));
};
