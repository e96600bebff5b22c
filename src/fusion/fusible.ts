/** Which programs can be fused: those of which every equation can be said in loops that there is code for. */

import { isFloat, sizeOf } from '../ir/aval.ts';
import type { Equation, Program } from '../ir/program.ts';
import { isVar } from '../ir/program.ts';
import { OPS } from './op-prices.ts';
import { ALWAYS_MADE } from './roots.ts';
import { VIEWS } from './views.ts';

/** Whole powers up to here are products. */
const MOST_POWER = 64;

/** int32's own arithmetic, as far as there is code for it. */
const WHOLE: ReadonlySet<string> = new Set([
  ...['neg', 'abs', 'sign', 'add', 'sub', 'mul', 'div', 'rem', 'max', 'min'],
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'select', 'cast', 'iota', 'one_hot', 'gather'],
]);
const TRUTH: ReadonlySet<string> = new Set(['eq', 'ne', 'and', 'or', 'xor', 'not', 'select', 'cast', 'gather']);

const hasCode = ({ primitive, inputs, params, output }: Equation): boolean => {
  if (VIEWS.has(primitive) || ALWAYS_MADE.has(primitive)) return true;
  if (!OPS.has(primitive)) return false;
  if (primitive === 'gather') return isVar(inputs[0]);
  if (primitive === 'pow') {
    const [base, exponent] = inputs;
    if (isVar(exponent) || !isFloat(base.aval.dtype)) return false;
    return Number.isInteger(exponent.value) && Math.abs(exponent.value) <= MOST_POWER;
  }
  if (primitive === 'rem' || (primitive === 'div' && !isFloat(output.aval.dtype))) {
    const divisor = inputs[1];
    return output.aval.dtype === 'int32' && !isVar(divisor) && divisor.value !== 0 && divisor.value !== -1;
  }
  if (primitive === 'cast' && isFloat(inputs[0].aval.dtype) && isFloat(params.dtype as 'float32')) return false;
  const dtype = inputs.at(-1)?.aval.dtype ?? output.aval.dtype;
  if (dtype === 'int32') return WHOLE.has(primitive);
  return dtype !== 'bool' || TRUTH.has(primitive);
};

/** Whether `fuse` takes a program. */
export const isFusible = (program: Program): boolean => {
  const dtypes = new Set(program.inputs.map((v) => v.aval.dtype));
  for (const equation of program.equations) {
    if (!hasCode(equation)) return false;
    dtypes.add(equation.output.aval.dtype);
    for (const { aval } of equation.inputs) {
      dtypes.add(aval.dtype);
      if (sizeOf(aval.shape) === 0) return false;
    }
  }
  return !(dtypes.has('float32') && dtypes.has('float64'));
};
