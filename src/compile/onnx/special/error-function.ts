/** erf in float64, to 2 ulp (measured against mpmath, test/compile/special.test.ts). */

import type { Atom } from '../../../ir/program.ts';
import type { Ops } from '../../../primitives/ops.ts';
import { polynomial } from './polynomial.ts';

/** erf(x)/x in x² up to 1, to 7.3e−18 (scripts/fit-coefficients.py). */
const NEAR = [
  1.1283791670955126, -0.3761263890318352, 0.11283791670944184, -0.026866170643111205, 0.005223977606116401,
  -0.0008548325929218938, 0.00012055293574149721, -1.492471225108628e-5, 1.644713096510782e-6, -1.6206309274268188e-7,
  1.3710961638318295e-8, -7.779434577897153e-10,
];

/** exp(a²)·erfc(a) in (a − 2)/(a + 2) on [1, 6], to 5.8e−19 of erf (the form is W. J. Cody's, 1969). */
const FAR = [
  0.25539567631050575, -0.42718584741395677, 0.24165819424246687, -0.078978581016459, 0.0037328923985830227,
  0.0069974617902443656, -0.000847142571910059, -0.0009819765868452467, 4.3535301371056924e-5, 0.00017428772210977458,
  2.7630987541874266e-5, -2.658706163140426e-5, -1.2622356884511552e-5,
];

/** erf rounds to 1 from here on. */
const SATURATED = 6;

export const erf = (ops: Ops, x: Atom): Atom => {
  const magnitude = ops.unary('abs', x);
  const near = ops.mul(x, polynomial(ops, ops.mul(x, x), NEAR));
  const a = ops.binary('min', magnitude, SATURATED);
  const tail = ops.mul(
    ops.unary('exp', ops.neg(ops.mul(a, a))),
    polynomial(ops, ops.div(ops.sub(a, 2), ops.add(a, 2)), FAR),
  );
  const far = ops.mul(ops.unary('sign', x), ops.sub(1, tail));
  return ops.select(ops.binary('lt', magnitude, 1), near, far);
};
