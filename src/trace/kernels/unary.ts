/** Kernels of one operand, element by element, that are a primitive or a few of them. */

import { isFloat } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelFamily, KernelRule } from '../kernel.ts';
import { leftAbs } from './cancelling-kinks.ts';
import { asFloat, throughFloat, unsupported } from './operands.ts';
import { constantPower } from './power.ts';

type FloatPrimitive = Parameters<Ops['unary']>[0];

const float =
  (kernel: string, f: (ops: Ops, x: Atom) => Atom): KernelRule =>
  (context, { x }) => {
    if (x.aval.dtype === 'bool') {
      throw unsupported(kernel, 'a bool tensor', 'backends disagree about its result.', "Use .cast('float32') first.");
    }
    return throughFloat(context, x, (v) => f(context.ops, v));
  };

const primitive = (kernel: string, name: FloatPrimitive): KernelRule => float(kernel, (ops, x) => ops.unary(name, x));

/** Rounding leaves int32 as it is. */
const rounding =
  (name: FloatPrimitive): KernelRule =>
  ({ ops }, { x }) =>
    isFloat(x.aval.dtype) ? ops.unary(name, x) : x;

/** What integers have too; a bool is its own absolute value. */
const abs: KernelRule = ({ ops }, { x }) => {
  if (x.aval.dtype === 'bool') return x;
  // The loss squares it: its second derivative at no error is 1, not 0² as with the derivative 0.
  return ops.scope === 'huberLoss' ? leftAbs(ops, x) : ops.unary('abs', x);
};

const neg: KernelRule = (context, { x }) =>
  x.aval.dtype === 'int32' ? context.ops.neg(x) : primitive('Neg', 'neg')(context, { x }, {});

const square: KernelRule = ({ ops }, { x }) => (x.aval.dtype === 'bool' ? x : constantPower(ops, x, 2));

/** Integers are finite numbers. */
const classifier =
  (f: (ops: Ops, x: Atom) => Atom, ofInteger: 0 | 1): KernelRule =>
  ({ ops }, { x }) =>
    isFloat(x.aval.dtype) ? f(ops, x) : ops.literal(ofInteger, x.aval.shape, 'bool');

export const unary = {
  Abs: abs,
  Neg: neg,
  Square: square,
  Sign: primitive('Sign', 'sign'),
  // Alone among these it gives floats for integers.
  Exp: (context, { x }) => context.ops.unary('exp', asFloat(context, x)),
  Expm1: primitive('Expm1', 'expm1'),
  Log: primitive('Log', 'log'),
  Log1p: primitive('Log1p', 'log1p'),
  Sqrt: primitive('Sqrt', 'sqrt'),
  Rsqrt: float('Rsqrt', (ops, x) => ops.div(1, ops.unary('sqrt', x))),
  Sin: primitive('Sin', 'sin'),
  Cos: primitive('Cos', 'cos'),
  Tan: primitive('Tan', 'tan'),
  Asin: primitive('Asin', 'asin'),
  Acos: primitive('Acos', 'acos'),
  Atan: primitive('Atan', 'atan'),
  Sinh: primitive('Sinh', 'sinh'),
  Cosh: primitive('Cosh', 'cosh'),
  Tanh: primitive('Tanh', 'tanh'),
  Asinh: primitive('Asinh', 'asinh'),
  Acosh: primitive('Acosh', 'acosh'),
  Atanh: primitive('Atanh', 'atanh'),
  Erf: primitive('Erf', 'erf'),
  Floor: rounding('floor'),
  Ceil: rounding('ceil'),
  Round: rounding('round'),
  IsNan: classifier((ops, x) => ops.unary('is_nan', x), 0),
  IsInf: classifier((ops, x) => ops.unary('is_inf', x), 0),
  IsFinite: classifier(
    (ops, x) => ops.unary('not', ops.emit('or', [ops.unary('is_nan', x), ops.unary('is_inf', x)], {})),
    1,
  ),
} satisfies KernelFamily;
