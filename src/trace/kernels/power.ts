/** Pow: a constant exponent becomes products, quotients and roots, which have no logarithm in their derivatives. */

import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelFamily, KernelRule } from '../kernel.ts';
import { squareOfModulus } from './complex-parts.ts';
import { asFloat, matched, throughFloat, uniformValue, unsupported } from './operands.ts';

/** Above this, pow itself is the cheaper of the two. */
export const LARGEST_PRODUCT = 32;

/** x^n for n ≥ 1, by repeated squaring. */
export const bySquaring = <T>(x: T, n: number, times: (a: T, b: T) => T): T => {
  let result: T | undefined;
  let square = x;
  for (let rest = n; rest > 0; rest >>= 1) {
    if (rest & 1) result = result === undefined ? square : times(result, square);
    if (rest > 1) square = times(square, square);
  }
  return result as T;
};

const product = (ops: Ops, x: Atom, n: number): Atom => bySquaring(x, n, (a, b) => ops.mul(a, b));

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

/** Exact, as products are; a quotient by 0 is 0, as on tfjs' cpu backend. Undefined where floats must do. */
const integerPower = (ops: Ops, x: Atom, exponent: number): Atom | undefined => {
  if (x.aval.dtype !== 'int32' || !Number.isInteger(exponent) || Math.abs(exponent) > LARGEST_PRODUCT) return undefined;
  if (exponent >= 0) return exponent === 0 ? ops.full(x, 1) : product(ops, x, exponent);
  const unit = ops.binary('eq', ops.unary('abs', x), 1);
  return ops.select(unit, exponent % 2 === 0 ? 1 : x, ops.full(x, 0));
};

const pow: KernelRule = (context, { a, b }) => {
  const { ops } = context;
  const [base, exponents] = matched(context, a, b);
  const exponent = uniformValue(context, b);
  const exact = exponent === undefined ? undefined : integerPower(ops, base, exponent);
  if (exact) return exact;
  return throughFloat(context, base, (x) =>
    exponent === undefined ? ops.binary('pow', x, asFloat(context, exponents)) : constantPower(ops, x, exponent),
  );
};

/** Of integers as their power −1. */
const reciprocal: KernelRule = (context, { x }) => {
  if (x.aval.dtype === 'bool') {
    throw unsupported(
      'Reciprocal',
      'a bool tensor',
      'backends disagree about its result.',
      "Use .cast('float32') first.",
    );
  }
  return integerPower(context.ops, x, -1) ?? context.ops.div(1, x);
};

export const power = { Pow: pow, Reciprocal: reciprocal } satisfies KernelFamily;
