/** Functions of one complex number, element by element, on their principal branches. */

import type { Atom } from '../../ir/program.ts';
import type { Complex, ComplexFamily, KernelContext, Traced } from '../kernel.ts';
import { asComplex, complex, div, modulus, mul, ofParts, reciprocal, squaredModulus } from './complex-parts.ts';
import { matched, uniformValue } from './operands.ts';

type ComplexFunction = (context: KernelContext, z: Complex) => Complex;

const exp: ComplexFunction = ({ ops }, { real, imag }) => {
  const size = ops.unary('exp', real);
  return complex(ops.mul(size, ops.unary('cos', imag)), ops.mul(size, ops.unary('sin', imag)));
};

const log: ComplexFunction = (context, z) => {
  const { ops } = context;
  const size = ops.mul(ops.unary('log', squaredModulus(context, z)), 0.5);
  return complex(size, ops.binary('atan2', z.imag, z.real));
};

/** Without cancellation: the larger part is a root, the smaller a quotient by it. The cut belongs to the upper side. */
const sqrt: ComplexFunction = (context, z) => {
  const { ops } = context;
  const { real, imag } = z;
  const right = ops.binary('ge', real, 0);
  const size = ops.select(right, real, ops.neg(real));
  const root = ops.unary('sqrt', ops.mul(ops.add(modulus(context, z), size), 0.5));
  const side = ops.select(ops.binary('ge', imag, 0), ops.full(imag, 1), ops.full(imag, -1));
  const quotient = ops.div(ops.mul(imag, side), ops.mul(root, 2));
  return complex(ops.select(right, root, quotient), ops.mul(side, ops.select(right, quotient, root)));
};

/** f(a)·g(b) + i·h(a)·k(b): sines and cosines of a sum a + ib. */
const ofSum =
  (f: Unary, g: Unary, h: Unary, k: Unary, sign: 1 | -1 = 1): ComplexFunction =>
  ({ ops }, { real, imag }) =>
    complex(
      ops.mul(ops.unary(f, real), ops.unary(g, imag)),
      ops.mul(ops.mul(ops.unary(h, real), ops.unary(k, imag)), sign),
    );

type Unary = Parameters<KernelContext['ops']['unary']>[0];

const sin = ofSum('sin', 'cosh', 'cos', 'sinh');
const cos = ofSum('cos', 'cosh', 'sin', 'sinh', -1);
const sinh = ofSum('sinh', 'cos', 'cosh', 'sin');
const cosh = ofSum('cosh', 'cos', 'sinh', 'sin');

/** (t + ik) / (1 + itk) with t the hyperbolic tangent of one part and k the tangent of the other: nothing overflows. */
const tanh: ComplexFunction = (context, { real, imag }) => {
  const { ops } = context;
  const t = ops.unary('tanh', real);
  const k = ops.unary('tan', imag);
  return div(context, complex(t, k), complex(ops.full(t, 1), ops.mul(t, k)));
};

/** −i·tanh(iz). */
const tan: ComplexFunction = (context, { real, imag }) => {
  const turned = tanh(context, complex(context.ops.neg(imag), real));
  return complex(turned.imag, context.ops.neg(turned.real));
};

const square: ComplexFunction = (context, z) => mul(context, z, z);

/** Above this, the exponential of a logarithm is the cheaper of the two. */
const LARGEST_PRODUCT = 32;

/** z to a known exponent: a product or a root where it is one, so that derivatives are right at 0. */
const constantPower = (context: KernelContext, z: Complex, exponent: number): Complex | undefined => {
  const { ops } = context;
  if (exponent === 0) return complex(ops.full(z.real, 1), ops.full(z.real, 0));
  if (Math.abs(exponent) === 0.5) {
    return exponent > 0 ? sqrt(context, z) : reciprocal(context, sqrt(context, z));
  }
  const size = Math.abs(exponent);
  if (!Number.isInteger(size) || size > LARGEST_PRODUCT) return undefined;
  let power = exponent > 0 ? z : reciprocal(context, z);
  let result: Complex | undefined;
  for (let rest = size; rest > 0; rest >>= 1) {
    if (rest & 1) result = result ? mul(context, result, power) : power;
    if (rest > 1) power = mul(context, power, power);
  }
  return result;
};

/** The one real value of an exponent that is a constant, else undefined. */
const knownExponent = (context: KernelContext, { real, imag }: Complex): number | undefined =>
  uniformValue(context, imag) === 0 ? uniformValue(context, real) : undefined;

const power = (context: KernelContext, a: Traced, b: Traced): Complex => {
  const [base, exponent] = broadcast(context, a, b);
  const known = knownExponent(context, asComplex(context, b));
  const product = known === undefined ? undefined : constantPower(context, base, known);
  return product ?? exp(context, mul(context, exponent, log(context, base)));
};

/** Both operands complex, in the shape that they broadcast to. */
export const broadcast = (context: KernelContext, a: Traced, b: Traced): [Complex, Complex] => {
  const [x, y] = [asComplex(context, a), asComplex(context, b)];
  const shape = matched(context, x.real, y.real)[0].aval.shape;
  const spread = (part: Atom): Atom => context.ops.broadcastTo(part, shape);
  return [ofParts(x, spread), ofParts(y, spread)];
};

const unary =
  (f: ComplexFunction): ComplexFamily[string] =>
  (context, { x }) =>
    f(context, asComplex(context, x));

export const complexFunctions = {
  Exp: unary(exp),
  Log: unary(log),
  Sqrt: unary(sqrt),
  Rsqrt: unary((context, z) => reciprocal(context, sqrt(context, z))),
  Square: unary(square),
  Reciprocal: unary(reciprocal),
  Sin: unary(sin),
  Cos: unary(cos),
  Tan: unary(tan),
  Sinh: unary(sinh),
  Cosh: unary(cosh),
  Tanh: unary(tanh),
  Pow: (context, { a, b }) => power(context, a, b),
} satisfies ComplexFamily;
