/** Pow: a constant exponent becomes products, quotients and roots, which have no logarithm in their derivatives. */

import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelFamily, KernelRule } from '../kernel.ts';
import { squareOfModulus } from './complex-parts.ts';
import { asFloat, matched, throughFloat, uniformValue } from './operands.ts';

/** Above this, pow itself is the cheaper of the two. */
const LARGEST_PRODUCT = 32;

/** x^n for n ≥ 1, by repeated squaring. */
const product = (ops: Ops, x: Atom, n: number): Atom => {
  let result: Atom | undefined;
  let square = x;
  for (let rest = n; rest > 0; rest >>= 1) {
    if (rest & 1) result = result ? ops.mul(result, square) : square;
    if (rest > 1) square = ops.mul(square, square);
  }
  return result as Atom;
};

/** v for |v|, whose even powers are those of v, without a kink. */
const withoutAbs = (ops: Ops, x: Atom): Atom => {
  const maker = ops.maker(x);
  return maker?.primitive === 'abs' ? maker.inputs[0] : x;
};

/** |v| to an even power: v to that power, without a kink; tf.norm squares absolute values. */
const evenPower = (ops: Ops, x: Atom, n: number): Atom => {
  const square = squareOfModulus(x);
  return square ? product(ops, square, n / 2) : product(ops, withoutAbs(ops, x), n);
};

/** x to a known exponent: derivatives are right at 0 and for negative x, to any order. */
export const constantPower = (ops: Ops, x: Atom, exponent: number): Atom => {
  if (exponent === 0) return ops.full(x, 1);
  const size = Math.abs(exponent);
  if (Number.isInteger(size) && size <= LARGEST_PRODUCT) {
    if (exponent > 0) return size % 2 === 0 ? evenPower(ops, x, size) : product(ops, x, size);
    // A product of 1/x, not 1 over a product: at 0 every derivative is then infinite, not 0·∞.
    const base = size % 2 === 0 ? withoutAbs(ops, x) : x;
    return product(ops, ops.div(1, base), size);
  }
  if (exponent === 0.5) return ops.unary('sqrt', x);
  if (exponent === -0.5) return ops.div(1, ops.unary('sqrt', x));
  return ops.binary('pow', x, exponent);
};

const pow: KernelRule = (context, { a, b }) => {
  const [base, exponents] = matched(context, a, b);
  const exponent = uniformValue(context, b);
  return throughFloat(context, base, (x) =>
    exponent === undefined
      ? context.ops.binary('pow', x, asFloat(context, exponents))
      : constantPower(context.ops, x, exponent),
  );
};

export const power = { Pow: pow } satisfies KernelFamily;
