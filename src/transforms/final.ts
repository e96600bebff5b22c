/** What a program is once no derivative of it is taken any more: values instead of what says how they vary. */

import type { Atom, Program } from '../ir/program.ts';
import { newOps } from '../primitives/table.ts';
import { Environment, emitAgain } from './replay.ts';

/** Whether the tangents of some values are given with them. */
export const hasCustomTangents = ({ equations }: Program): boolean =>
  equations.some(({ primitive }) => primitive === 'custom_jvp');

/** The program without `custom_jvp`, whose values are there without it. */
export const final = (program: Program): Program => {
  if (!hasCustomTangents(program)) return program;
  const ops = newOps();
  const env = new Environment<Atom>((literal) => literal);
  for (const v of ops.adoptInputs(program)) env.set(v, v);
  for (const equation of program.equations) {
    const operands = env.all(equation.inputs);
    env.set(equation.output, equation.primitive === 'custom_jvp' ? operands[0] : emitAgain(ops, equation, operands));
  }
  return ops.build(env.all(program.outputs));
};
