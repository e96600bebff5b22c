/** A program in the primitives that TensorFlow.js computes well. */

import { type Dtype, isFloat } from '../../ir/aval.ts';
import type { Atom, Program } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import { type Expansions, expanded } from '../expand.ts';

const LARGEST = 2 ** 31 - 1;

/** Stops at int32's ends, NaN is 0: backends wrap, or leave these undefined. */
const toInt32 = (ops: Ops, x: Atom): Atom => {
  const above = ops.binary('ge', x, LARGEST);
  const below = ops.binary('le', x, -LARGEST - 1);
  const outside = ops.binary('or', ops.binary('or', above, below), ops.unary('is_nan', x));
  const inside = ops.cast(ops.select(outside, 0, x), 'int32');
  return ops.select(above, LARGEST, ops.select(below, -LARGEST - 1, inside));
};

/** Toward zero, and 0 for a divisor of 0: the library's own rounds down. */
const int32Quotient = (ops: Ops, x: Atom, y: Atom): Atom => {
  const none = ops.binary('eq', y, 0);
  const size = ops.binary('div', ops.unary('abs', x), ops.select(none, 1, ops.unary('abs', y)));
  return ops.select(none, 0, ops.mul(size, ops.mul(ops.unary('sign', x), ops.unary('sign', y))));
};

/** 0 where it would be infinite. */
const int32Power = (ops: Ops, x: Atom, y: Atom): Atom => {
  const infinite = ops.binary('and', ops.binary('eq', x, 0), ops.binary('lt', y, 0));
  return ops.select(infinite, 0, ops.binary('pow', ops.select(infinite, 1, x), y));
};

const EXPANSIONS: Expansions = {
  pow: (ops, [x, y]) => (x.aval.dtype === 'int32' ? int32Power(ops, x, y) : undefined),
  custom_jvp: (_ops, [value]) => value,
  cast: (ops, [x], { dtype }) => (isFloat(x.aval.dtype) && (dtype as Dtype) === 'int32' ? toInt32(ops, x) : undefined),
  div: (ops, [x, y]) => (x.aval.dtype === 'int32' ? int32Quotient(ops, x, y) : undefined),
  rem: (ops, [x, y]) => (x.aval.dtype === 'int32' ? ops.sub(x, ops.mul(int32Quotient(ops, x, y), y)) : undefined),
};

export const lowerForTfjs = (program: Program): Program => expanded(program, EXPANSIONS);
