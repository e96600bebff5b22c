/** erf in float64, to 2 ulp (measured against mpmath, test/compile/special.test.ts). */

import type { Atom } from '../../../ir/program.ts';
import { ERF_FAR, ERF_NEAR, ERF_SATURATED } from '../../../primitives/erf-coefficients.ts';
import type { Ops } from '../../../primitives/ops.ts';
import { polynomial } from './polynomial.ts';

export const erf = (ops: Ops, x: Atom): Atom => {
  const magnitude = ops.unary('abs', x);
  const near = ops.mul(x, polynomial(ops, ops.mul(x, x), ERF_NEAR));
  const a = ops.binary('min', magnitude, ERF_SATURATED);
  const tail = ops.mul(
    ops.unary('exp', ops.neg(ops.mul(a, a))),
    polynomial(ops, ops.div(ops.sub(a, 2), ops.add(a, 2)), ERF_FAR),
  );
  const far = ops.mul(ops.unary('sign', x), ops.sub(1, tail));
  return ops.select(ops.binary('lt', magnitude, 1), near, far);
};
