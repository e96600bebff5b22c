/** Complex numbers as pairs of real atoms: what the rules of complex kernels are written with. */

import type { Atom } from '../../ir/program.ts';
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

const isReal = ({ imag }: Complex): boolean => imag.kind === 'literal' && imag.value === 0;

export const reciprocal = (context: KernelContext, z: Complex): Complex => {
  const { ops } = context;
  if (isReal(z)) return complex(ops.div(1, z.real), z.imag);
  const size = squaredModulus(context, z);
  return complex(ops.div(z.real, size), ops.neg(ops.div(z.imag, size)));
};

export const div = (context: KernelContext, a: Complex, b: Complex): Complex => {
  const { ops } = context;
  if (isReal(b)) return ofParts(a, (part) => ops.div(part, b.real));
  const product = mul(context, a, conjugate(context, b));
  const size = squaredModulus(context, b);
  return ofParts(product, (part) => ops.div(part, size));
};

/** What the squares of moduli are, by the modulus. */
const squares = new WeakMap<Atom, Atom>();

/** |z|². Of |z|, that is; undefined for other atoms. It has no kink at 0, as the square of a root has. */
export const squareOfModulus = (modulus: Atom): Atom | undefined => squares.get(modulus);

/**
 * |z|. At 0, where it has no derivative, it takes those of |z|²/2, as in JAX: the gradient is 0.
 */
export const modulus = (context: KernelContext, z: Complex): Atom => {
  const { ops } = context;
  const square = squaredModulus(context, z);
  const nonzero = ops.binary('gt', square, 0);
  const result = ops.select(nonzero, ops.unary('sqrt', ops.select(nonzero, square, 1)), ops.mul(square, 0.5));
  squares.set(result, square);
  return result;
};
