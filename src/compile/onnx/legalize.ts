/** Program → Program: expands what ONNX Runtime lacks, or computes badly, into primitives that it has. */

import { type Dtype, isFloat } from '../../ir/aval.ts';
import type { Atom, Program } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import { type Expansion, type Expansions, expanded } from '../expand.ts';
import { int32Power, int32Quotient, LARGEST_EXPONENT, toInt32, wholePower } from '../whole-numbers.ts';
import { erf } from './special/error-function.ts';
import { expm1, log1p, logistic, softplus } from './special/exponential.ts';
import { acosh, asinh, atanh, cosh, sinh } from './special/hyperbolic.ts';
import { acos, asin, atan, atan2 } from './special/inverse-trigonometric.ts';
import { cos, sin, tan } from './special/trigonometric.ts';

const inFloat64 =
  (expand: (ops: Ops, x: Atom) => Atom): Expansion =>
  (ops, [x]) =>
    x.aval.dtype === 'float64' ? expand(ops, x) : undefined;

const inFloats =
  (expand: (ops: Ops, x: Atom) => Atom): Expansion =>
  (ops, [x]) =>
    expand(ops, x);

/** float32's Erf takes NaN for 1. */
const erf32 = (ops: Ops, x: Atom): Atom => ops.select(ops.unary('is_nan', x), x, ops.unary('erf', x));

const quotient =
  (name: 'div' | 'rem'): Expansion =>
  (ops, [x, y]) =>
    x.aval.dtype === 'int32' ? int32Quotient(ops, name, x, y) : undefined;

const EXPANSIONS: Expansions = {
  expm1: inFloats(expm1),
  log1p: inFloats(log1p),
  logistic: inFloats(logistic),
  softplus: inFloats(softplus),
  sin: inFloat64(sin),
  cos: inFloat64(cos),
  tan: inFloat64(tan),
  asin: inFloat64(asin),
  acos: inFloat64(acos),
  atan: inFloat64(atan),
  sinh: inFloat64(sinh),
  cosh: inFloat64(cosh),
  asinh: inFloat64(asinh),
  acosh: inFloat64(acosh),
  atanh: inFloat64(atanh),
  erf: (ops, [x]) => (x.aval.dtype === 'float64' ? erf(ops, x) : erf32(ops, x)),
  custom_jvp: (_ops, [value]) => value,
  atan2: (ops, [y, x]) => atan2(ops, y, x, (t) => (x.aval.dtype === 'float64' ? atan(ops, t) : ops.unary('atan', t))),
  div: quotient('div'),
  rem: quotient('rem'),
  cast: (ops, [x], { dtype }) => (isFloat(x.aval.dtype) && (dtype as Dtype) === 'int32' ? toInt32(ops, x) : undefined),
  pow: (ops, [x, y]) => {
    if (x.aval.dtype === 'int32') return int32Power(ops, x, y);
    if (y.kind !== 'literal') return undefined;
    const size = Math.abs(y.value);
    if (!Number.isInteger(size) || size < 1 || size > LARGEST_EXPONENT) return undefined;
    const power = wholePower(ops, x, size);
    return y.value > 0 ? power : ops.div(1, power);
  },
};

/** An equal program in which every primitive has a kernel for its dtype; `more`: what a device lacks besides. */
export const legalize = (program: Program, more: Expansions = {}): Program =>
  expanded(program, { ...EXPANSIONS, ...more });
