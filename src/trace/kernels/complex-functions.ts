/** Functions of one complex number, element by element, on their principal branches. */

import { backend_util } from '@tensorflow/tfjs-core';
import type { Atom } from '../../ir/program.ts';
import type { Complex, ComplexFamily, KernelContext, Traced } from '../kernel.ts';
import {
  asComplex,
  complex,
  logModulus,
  moderate,
  modulusOf,
  mul,
  ofParts,
  reciprocal,
  STEP,
  scaled,
  squaredModulus,
} from './complex-parts.ts';
import { axesOf, matched, uniformValue } from './operands.ts';
import { bySquaring, LARGEST_PRODUCT } from './power.ts';

type ComplexFunction = (context: KernelContext, z: Complex) => Complex;

const exp: ComplexFunction = ({ ops }, { real, imag }) => {
  const size = ops.unary('exp', real);
  return complex(ops.mul(size, ops.unary('cos', imag)), ops.mul(size, ops.unary('sin', imag)));
};

const log: ComplexFunction = (context, z) => {
  const near = moderate(context, z);
  return complex(logModulus(context, near), context.ops.binary('atan2', near.z.imag, near.z.real));
};

/** Without cancellation: the larger part is a root, the smaller a quotient by it. The cut belongs to the upper side. */
const sqrt: ComplexFunction = (context, z) => {
  const { ops } = context;
  const near = moderate(context, z);
  const { real, imag } = near.z;
  const right = ops.binary('ge', real, 0);
  const size = ops.select(right, real, ops.neg(real));
  const modulus = modulusOf(context, squaredModulus(context, near.z));
  const root = ops.unary('sqrt', ops.mul(ops.add(modulus, size), 0.5));
  const side = ops.select(ops.binary('ge', z.imag, 0), ops.full(imag, 1), ops.full(imag, -1));
  const quotient = ops.div(ops.mul(imag, side), ops.mul(ops.select(ops.binary('eq', root, 0), 1, root), 2));
  const result = complex(ops.select(right, root, quotient), ops.mul(side, ops.select(right, quotient, root)));
  return scaled(context, result, near.bySize(1, Math.sqrt(STEP), 1 / Math.sqrt(STEP)));
};

const sinh: ComplexFunction = ({ ops }, { real, imag }) =>
  complex(
    ops.mul(ops.unary('sinh', real), ops.unary('cos', imag)),
    ops.mul(ops.unary('cosh', real), ops.unary('sin', imag)),
  );

/** e^a·cos b − 1 as (e^a − 1)·cos b − 2·sin²(b/2), which keeps its digits near 0. */
const expm1: ComplexFunction = ({ ops }, { real, imag }) => {
  const half = ops.unary('sin', ops.mul(imag, 0.5));
  const grown = ops.mul(ops.unary('expm1', real), ops.unary('cos', imag));
  return complex(
    ops.sub(grown, ops.mul(ops.mul(half, half), 2)),
    ops.mul(ops.unary('exp', real), ops.unary('sin', imag)),
  );
};

/** |1 + z|² − 1 is a·(2 + a) + b²; where z is large, the logarithm is that of 1 + z. */
const log1p: ComplexFunction = (context, z) => {
  const { ops } = context;
  const { real, imag } = z;
  const beyond = (a: Atom, b: Atom): Atom =>
    ops.mul(ops.unary('log1p', ops.add(ops.mul(a, ops.add(a, 2)), ops.mul(b, b))), 0.5);
  const next = complex(ops.add(real, 1), imag);
  if (context.precision === 'float64') return complex(beyond(real, imag), ops.binary('atan2', imag, next.real));
  const near = moderate(context, next);
  const isLarge = ops.binary('lt', near.factor, 1);
  const [a, b] = [real, imag].map((part) => ops.select(isLarge, ops.full(part, 0), part));
  return complex(
    ops.select(isLarge, logModulus(context, near), beyond(a, b)),
    ops.binary('atan2', near.z.imag, near.z.real),
  );
};

const square: ComplexFunction = (context, z) => mul(context, z, z);

/** z to a known exponent: a product or a root where it is one, so that derivatives are right at 0. */
const constantPower = (context: KernelContext, z: Complex, exponent: number): Complex | undefined => {
  const { ops } = context;
  if (exponent === 0) return complex(ops.full(z.real, 1), ops.full(z.real, 0));
  if (Math.abs(exponent) === 0.5) {
    return exponent > 0 ? sqrt(context, z) : reciprocal(context, sqrt(context, z));
  }
  const size = Math.abs(exponent);
  if (!Number.isInteger(size) || size > LARGEST_PRODUCT) return undefined;
  return bySquaring(exponent > 0 ? z : reciprocal(context, z), size, (a, b) => mul(context, a, b));
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

/** The product along one axis, by halves. */
const productAlong = (context: KernelContext, z: Complex, axis: number): Complex => {
  const { ops } = context;
  const { shape } = z.real.aval;
  const without = shape.toSpliced(axis, 1);
  if (shape[axis] === 0)
    return complex(ops.literal(1, without, context.precision), ops.literal(0, without, context.precision));
  const part = (x: Complex, start: number, limit: number): Complex =>
    ofParts(x, (p) => ops.sliceAxis(p, axis, start, limit));
  let rest = z;
  for (let length = shape[axis]; length > 1; length = (length + 1) >> 1) {
    const half = length >> 1;
    const paired = mul(context, part(rest, 0, half), part(rest, half, 2 * half));
    const odd = part(rest, 2 * half, length);
    rest =
      length % 2 === 0
        ? paired
        : complex(ops.concat([paired.real, odd.real], axis), ops.concat([paired.imag, odd.imag], axis));
  }
  return ofParts(rest, (p) => ops.reshape(p, without));
};

const prod = (
  context: KernelContext,
  z: Complex,
  { axis, keepDims }: { axis?: number | number[]; keepDims?: boolean },
): Complex => {
  const axes = axesOf(axis, z.real.aval.shape).sort((a, b) => a - b);
  const result = axes.reduceRight((rest, at) => productAlong(context, rest, at), z);
  const { shape } = result.real.aval;
  const kept = keepDims ? backend_util.expandShapeToKeepDim([...shape], axes) : shape;
  return ofParts(result, (part) => context.ops.reshape(part, kept));
};

/** Those that tfjs' ops take complex tensors for. */
export const complexFunctions = {
  Exp: unary(exp),
  Expm1: unary(expm1),
  Log1p: unary(log1p),
  Square: unary(square),
  Reciprocal: unary(reciprocal),
  Sinh: unary(sinh),
  Pow: (context, { a, b }) => power(context, a, b),
  Prod: (context, { x }, attrs) => prod(context, asComplex(context, x), attrs),
} satisfies ComplexFamily;
