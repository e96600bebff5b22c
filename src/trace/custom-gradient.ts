/** tf.customGrad: a user's own gradient, recorded beside the value and turned into the rule of its tangent. */

import { DiffopsError } from '../errors.ts';
import { isFloat, sameShape } from '../ir/aval.ts';
import { pruned } from '../ir/builder.ts';
import { type Atom, type Equation, freeVariables, isZero, type Program, type Var } from '../ir/program.ts';
import { ruleOf } from '../primitives/custom-jvp.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps } from '../primitives/table.ts';
import { Environment, emitAgain } from '../transforms/replay.ts';
import { transposeInto } from '../transforms/transpose.ts';
import { gradientShape, nonlinearGradient } from './refusals.ts';

/** A customGrad call of which both functions have been recorded. */
export interface CustomGradient {
  readonly value: Atom;
  /** What it is differentiated in, and for each of them what gradFunc returned. */
  readonly operands: readonly Atom[];
  readonly gradients: readonly Atom[];
  /** What stood for the result, while gradFunc was recorded, and for dy. */
  readonly result: Var;
  readonly cotangent: Var;
  /** The equations of gradFunc. */
  readonly equations: readonly Equation[];
}

/** gradFunc as a program of its own: (the result if it takes it, …variables from around it, dy) → (…gradients). */
const pullbackOf = ({ cotangent, result, gradients, equations }: CustomGradient): Program => {
  const body = pruned({ inputs: [], equations, outputs: [...gradients] });
  const free = freeVariables(body);
  const around = free.filter((v) => v !== result && v !== cotangent);
  return { ...body, inputs: [...(free.includes(result) ? [result] : []), ...around, cotangent] };
};

/** Whether a program gives zeros where its last input is zero. Zeros of both signs are one: what mixes them is zero, too. */
const keepsZero = (program: Program): boolean => {
  const ops = newOps();
  const env = new Environment<Atom>((literal) => literal);
  const last = program.inputs.length - 1;
  for (const [i, v] of program.inputs.entries()) env.set(v, i === last ? ops.full(v, 0) : ops.input(v.aval));
  for (const equation of program.equations) {
    const made = emitAgain(ops, equation, env.all(equation.inputs));
    env.set(equation.output, isZero(made) ? ops.full(made, 0) : made);
  }
  return env.all(program.outputs).every(isZero);
};

/** Whether all that is made of a program's last input is float: on the way through integers nothing is linear. */
const staysFloat = (program: Program): boolean => {
  const dependent = new Set<Atom>(program.inputs.slice(-1));
  return program.equations.every(({ inputs, output }) => {
    if (!inputs.some((a) => dependent.has(a))) return true;
    dependent.add(output);
    return isFloat(output.aval.dtype);
  });
};

/**
 * The transpose of gradFunc: (…what it takes, …tangents of the operands) → (tangent of the value). It is linear in dy
 * where each of its equations has a transpose in what comes of dy, and nothing comes of nothing.
 */
const tangentRule = (pullback: Program, { operands, value }: CustomGradient): Program => {
  if (!staysFloat(pullback) || !keepsZero(pullback)) throw nonlinearGradient();
  const ops = newOps();
  const known = pullback.inputs.slice(0, -1).map((v) => ops.input(v.aval));
  const tangents = operands.map((a) => ops.input(a.aval));
  try {
    const [tangent] = transposeInto(ops, pullback, [...known, undefined], tangents);
    return ops.build([ops.orZero(tangent, value)]);
  } catch (thrown) {
    if (thrown instanceof DiffopsError && thrown.code === 'PROGRAM') throw nonlinearGradient();
    throw thrown;
  }
};

/** The value, with the tangent that its own gradient says. */
export const customized = (ops: Ops, given: CustomGradient): Atom => {
  const { value, operands, gradients, result } = given;
  for (const [i, operand] of operands.entries()) {
    const { shape, dtype } = gradients[i].aval;
    if (!sameShape(shape, operand.aval.shape) || !isFloat(dtype)) {
      throw gradientShape(i, gradients[i].aval, operand.aval);
    }
  }
  const pullback = pullbackOf(given);
  const rule = ruleOf(tangentRule(pullback, given));
  const takesResult = pullback.inputs[0] === result;
  const around = pullback.inputs.slice(takesResult ? 1 : 0, -1);
  return ops.emit('custom_jvp', [value, ...operands, ...around], { rule, operands: operands.length, takesResult });
};
