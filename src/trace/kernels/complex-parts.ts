/** Complex numbers as pairs of real atoms: what the rules of complex kernels are written with. */

import { type Atom, isZero } from '../../ir/program.ts';
import { type Complex, isComplex, type KernelContext, type Traced } from '../kernel.ts';
import { asFloat } from './operands.ts';

export const complex = (real: Atom, imag: Atom): Complex => ({ kind: 'complex', real, imag });

/** A real operand among complex ones, with the imaginary part zero. */
export const asComplex = (context: KernelContext, x: Traced): Complex => {
  if (isComplex(x)) return x;
  const real = asFloat(context, x);
  return complex(real, context.ops.full(real, 0));
};

/** What the same function makes of both parts. */
export const ofParts = ({ real, imag }: Complex, f: (part: Atom) => Atom): Complex => complex(f(real), f(imag));

export const add = ({ ops }: KernelContext, a: Complex, b: Complex): Complex =>
  complex(ops.add(a.real, b.real), ops.add(a.imag, b.imag));

export const sub = ({ ops }: KernelContext, a: Complex, b: Complex): Complex =>
  complex(ops.sub(a.real, b.real), ops.sub(a.imag, b.imag));

export const mul = ({ ops }: KernelContext, a: Complex, b: Complex): Complex => {
  const cross = ops.mul(a.real, b.imag);
  const imag = a === b ? ops.mul(cross, 2) : ops.add(cross, ops.mul(a.imag, b.real));
  return complex(ops.sub(ops.mul(a.real, b.real), ops.mul(a.imag, b.imag)), imag);
};

/** A complex number times a real one. */
export const scaled = ({ ops }: KernelContext, z: Complex, factor: Atom | number): Complex =>
  ofParts(z, (part) => ops.mul(part, factor));

export const conjugate = ({ ops }: KernelContext, { real, imag }: Complex): Complex => complex(real, ops.neg(imag));

export const squaredModulus = ({ ops }: KernelContext, { real, imag }: Complex): Atom =>
  ops.add(ops.mul(real, real), ops.mul(imag, imag));

const isReal = ({ imag }: Complex): boolean => isZero(imag);

/** z and the power of two `factor` that makes it of moderate size, which differs from element to element. */
export interface Moderate {
  /** z · factor. */
  readonly z: Complex;
  readonly factor: Atom;
  /** One value for numbers whose factor is 1, one for larger ones, one for smaller ones. */
  bySize(usual: number, large: number, small: number): Atom;
}

/** Numbers of up to 2^±20 stay as they are; others are brought nearer to 1 by 40 binary digits. */
const MODERATE = 2 ** 20;
export const STEP = 2 ** 40;

/**
 * A complex number before its modulus is squared, which in float32 ends at 1e±19, and much earlier in derivatives. The
 * factor is a step function: derivatives are those of z · factor / factor. float64 has range enough.
 */
export const moderate = ({ ops, precision }: KernelContext, z: Complex): Moderate => {
  const { real, imag } = z;
  if (precision === 'float64') return { z, factor: ops.full(real, 1), bySize: (usual) => ops.full(real, usual) };
  const size = ops.binary('max', ops.unary('abs', real), ops.unary('abs', imag));
  const isLarge = ops.binary('gt', size, MODERATE);
  const isSmall = ops.binary('lt', size, 1 / MODERATE);
  const bySize: Moderate['bySize'] = (usual, large, small) =>
    ops.select(isLarge, ops.full(real, large), ops.select(isSmall, ops.full(real, small), ops.full(real, usual)));
  const factor = bySize(1, 1 / STEP, STEP);
  return { z: ofParts(z, (part) => ops.mul(part, factor)), factor, bySize };
};

export const reciprocal = (context: KernelContext, z: Complex): Complex => {
  const { ops } = context;
  if (isReal(z)) return complex(ops.div(1, z.real), z.imag);
  const near = moderate(context, z);
  const size = squaredModulus(context, near.z);
  const inverse = ofParts(conjugate(context, near.z), (part) => ops.div(part, size));
  return scaled(context, inverse, near.factor);
};

export const div = (context: KernelContext, a: Complex, b: Complex): Complex => {
  const { ops } = context;
  if (isReal(b)) return ofParts(a, (part) => ops.div(part, b.real));
  const near = moderate(context, b);
  const product = mul(context, a, conjugate(context, near.z));
  const size = squaredModulus(context, near.z);
  const quotient = ofParts(product, (part) => ops.div(part, size));
  return scaled(context, quotient, near.factor);
};

/** log |z|. */
export const logModulus = (context: KernelContext, { z, bySize }: Moderate): Atom => {
  const { ops } = context;
  const log = ops.mul(ops.unary('log', squaredModulus(context, z)), 0.5);
  return ops.add(log, bySize(0, Math.log(STEP), -Math.log(STEP)));
};

/** What the squares of moduli are, by the modulus. */
const squares = new WeakMap<Atom, Atom>();

/** |z|². Of |z|, that is; undefined for other atoms. It has no kink at 0, as the square of a root has. */
export const squareOfModulus = (modulus: Atom): Atom | undefined => squares.get(modulus);

/** `factor` times the root of a squared modulus; at 0, half of `atZero`: |z|² of what the result is the modulus of. */
export const modulusOf = ({ ops }: KernelContext, square: Atom, factor: Atom | number = 1, atZero = square): Atom => {
  const nonzero = ops.binary('gt', square, 0);
  const root = ops.unary('sqrt', ops.select(nonzero, square, 1));
  return ops.select(nonzero, ops.mul(root, factor), ops.mul(atZero, 0.5));
};

/**
 * |z|. At 0, where it has no derivative, it takes those of |z|²/2, as in JAX: the gradient is 0.
 */
export const modulus = (context: KernelContext, z: Complex): Atom => {
  const square = squaredModulus(context, z);
  const near = moderate(context, z);
  const result =
    near.z === z
      ? modulusOf(context, square)
      : modulusOf(context, squaredModulus(context, near.z), near.bySize(1, STEP, 1 / STEP), square);
  squares.set(result, square);
  return result;
};
