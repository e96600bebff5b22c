/** Polynomials in an array, by Horner's scheme. */

import type { Atom } from '../../../ir/program.ts';
import type { Ops } from '../../../primitives/ops.ts';

/** Σ coefficients[i]·x^i. */
export const polynomial = (ops: Ops, x: Atom, coefficients: readonly number[]): Atom => {
  let sum: Atom = ops.full(x, coefficients[coefficients.length - 1]);
  for (let i = coefficients.length - 2; i >= 0; i--) sum = ops.add(ops.mul(sum, x), coefficients[i]);
  return sum;
};
