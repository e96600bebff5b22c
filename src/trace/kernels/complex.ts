/** Complex kernels that aren't those of real numbers for each part: making, parting, arithmetic, comparisons, casts. */

import type { Atom } from '../../ir/program.ts';
import type { Complex, ComplexFamily, ComplexRule, KernelContext } from '../kernel.ts';
import { broadcast } from './complex-functions.ts';
import { add, asComplex, complex, div, modulus, mul, ofParts, sub } from './complex-parts.ts';
import { logic } from './logic.ts';

const arithmetic =
  (f: (context: KernelContext, a: Complex, b: Complex) => Complex): ComplexRule =>
  (context, { a, b }) =>
    f(context, ...broadcast(context, a, b));

/** A square is known by its operands: their parts are the same. */
const multiply: ComplexRule = (context, { a, b }) => {
  const [x, y] = broadcast(context, a, b);
  return mul(context, x, x.real === y.real && x.imag === y.imag ? x : y);
};

const addN: ComplexRule = (context, inputs) =>
  Object.values(inputs)
    .map((x) => asComplex(context, x))
    .reduce((sum, x) => add(context, sum, x));

const comparison =
  (name: 'eq' | 'ne', join: 'and' | 'or'): ComplexRule =>
  (context, { a, b }) => {
    const { ops } = context;
    const [x, y] = broadcast(context, a, b);
    return ops.binary(join, ops.binary(name, x.real, y.real), ops.binary(name, x.imag, y.imag));
  };

/** Whether a part is what the name says. */
const anyPart = (context: KernelContext, { real, imag }: Complex, name: 'is_nan' | 'is_inf'): Atom =>
  context.ops.binary('or', context.ops.unary(name, real), context.ops.unary(name, imag));

const allFinite: ComplexRule = (context, { x }) => {
  const { ops } = context;
  const z = asComplex(context, x);
  return ops.unary('not', ops.binary('or', anyPart(context, z, 'is_nan'), anyPart(context, z, 'is_inf')));
};

/** To complex, the imaginary part is zero; from complex, it is dropped. */
const cast: ComplexRule = (context, { x }, attrs: { dtype: string }) => {
  const z = asComplex(context, x);
  return attrs.dtype === 'complex64' ? z : logic.Cast(context, { x: z.real }, attrs);
};

export const complexKernels = {
  Complex: (context, { real, imag }) => complex(asComplex(context, real).real, asComplex(context, imag).real),
  Real: (context, { input }) => asComplex(context, input).real,
  Imag: (context, { input }) => asComplex(context, input).imag,
  ComplexAbs: (context, { x }) => modulus(context, asComplex(context, x)),
  Cast: cast,
  Neg: (context, { x }) => ofParts(asComplex(context, x), (part) => context.ops.neg(part)),
  Add: arithmetic(add),
  AddN: addN,
  Sub: arithmetic(sub),
  Multiply: multiply,
  RealDiv: arithmetic(div),
  Equal: comparison('eq', 'and'),
  NotEqual: comparison('ne', 'or'),
  IsNan: (context, { x }) => anyPart(context, asComplex(context, x), 'is_nan'),
  IsInf: (context, { x }) => anyPart(context, asComplex(context, x), 'is_inf'),
  IsFinite: allFinite,
  OnesLike: (context, { x }) => {
    const { real } = asComplex(context, x);
    return complex(context.ops.full(real, 1), context.ops.full(real, 0));
  },
} satisfies ComplexFamily;
