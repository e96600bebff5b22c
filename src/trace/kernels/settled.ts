/** What depends on constants alone, computed while recording: in float64, as tfjs' cpu backend computes in doubles. */

import { evaluateProgram } from '../../interpret/evaluate.ts';
import { isFloat, type Value } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import { newOps } from '../../primitives/table.ts';
import type { KernelContext } from '../kernel.ts';

type Build = (ops: Ops, operands: readonly Atom[]) => readonly Atom[];

const asFloat64 = (value: Value): Value =>
  isFloat(value.dtype) ? { ...value, dtype: 'float64', data: Float64Array.from(value.data) } : value;

const asPrecision = ({ precision }: KernelContext, value: Value): Value =>
  value.dtype === 'float64' && precision === 'float32'
    ? { ...value, dtype: precision, data: Float32Array.from(value.data) }
    : value;

/** What `build` makes of operands: equations, or constants where all operands are. */
export const settled = (context: KernelContext, operands: readonly Atom[], build: Build): readonly Atom[] => {
  const values = operands.flatMap((operand) => context.constant(operand) ?? []);
  if (values.length < operands.length) return build(context.ops, operands);
  const ops = newOps();
  const precise = values.map(asFloat64);
  for (const { shape, dtype } of precise) ops.input({ shape, dtype });
  const results = evaluateProgram(ops.build(build(ops, ops.inputs)), precise);
  return results.map((result) => context.capture(asPrecision(context, result)));
};
