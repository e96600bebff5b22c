/** tf.customGrad: a user's own gradient, recorded beside the value and turned into the rule of its tangent. */

import { isFloat, sameShape } from '../ir/aval.ts';
import { pruned } from '../ir/builder.ts';
import { type Atom, type Equation, isLiteral, isVar, type Program, type Var } from '../ir/program.ts';
import { ruleOf } from '../primitives/custom-jvp.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps } from '../primitives/table.ts';
import { linearize } from '../transforms/linearize.ts';
import { replay } from '../transforms/replay.ts';
import { transposeInto } from '../transforms/transpose.ts';
import { gradientShape, nonlinearGradient } from './refusals.ts';

/** A customGrad call of which both functions have been recorded. */
export interface CustomGradient {
  readonly value: Atom;
  /** What it is differentiated in, and for each of them what gradFunc returned. */
  readonly operands: readonly Atom[];
  readonly gradients: readonly Atom[];
  /** What stood for dy. */
  readonly cotangent: Var;
  /** The equations of gradFunc. */
  readonly equations: readonly Equation[];
}

/** gradFunc as a program of its own: (…variables that it takes from around it, dy) → (…gradients). */
const pullbackOf = ({ cotangent, gradients, equations }: CustomGradient): Program => {
  const body = pruned({ inputs: [], equations, outputs: [...gradients] });
  const made = new Set<Atom>([cotangent, ...body.equations.map((e) => e.output)]);
  const used = [...body.equations.flatMap((e) => e.inputs), ...gradients].filter(isVar);
  const around = [...new Set(used)].filter((v) => !made.has(v));
  return { ...body, inputs: [...around, cotangent] };
};

const takes = (program: Program, v: Var): boolean =>
  program.outputs.includes(v) || program.equations.some(({ inputs }) => inputs.includes(v));

/** Whether a program gives zeros where its last input is zero. */
const keepsZero = (program: Program): boolean => {
  const ops = newOps();
  const last = program.inputs.length - 1;
  const inputs = program.inputs.map((v, i) => (i === last ? ops.full(v, 0) : ops.input(v.aval)));
  // −0 is one, too.
  return replay(ops, program, inputs).every((a) => isLiteral(a) && a.value === 0);
};

/**
 * The transpose of gradFunc: (…variables from around it, …tangents of the operands) → (tangent of the value). It is
 * linear where its own derivative doesn't depend on dy, and nothing comes of nothing.
 */
const tangentRule = (pullback: Program, { operands, value }: CustomGradient): Program => {
  const last = pullback.inputs.length - 1;
  const { point, rest } = linearize(
    pullback,
    pullback.inputs.map((_, i) => i === last),
  );
  if (takes(point, pullback.inputs[last]) || !keepsZero(pullback)) throw nonlinearGradient();
  const ops = newOps();
  const around = pullback.inputs.map((v, i) => (i === last ? ops.full(v, 0) : ops.input(v.aval)));
  const residuals = replay(ops, point, around);
  const tangents = operands.map((a) => ops.input(a.aval));
  const [tangent] = transposeInto(ops, rest, [...residuals, undefined], tangents);
  return ops.build([ops.orZero(tangent, value)]);
};

/** The value, with the tangent that its own gradient says. */
export const customized = (ops: Ops, given: CustomGradient): Atom => {
  const { value, operands, gradients } = given;
  for (const [i, operand] of operands.entries()) {
    const { shape, dtype } = gradients[i].aval;
    if (!sameShape(shape, operand.aval.shape) || !isFloat(dtype)) {
      throw gradientShape(i, gradients[i].aval, operand.aval);
    }
  }
  const pullback = pullbackOf(given);
  const rule = ruleOf(tangentRule(pullback, given));
  const around = pullback.inputs.slice(0, -1);
  return ops.emit('custom_jvp', [value, ...operands, ...around], { rule, operands: operands.length });
};
