/** Program → Program: puts other primitives in the place of those that an engine lacks, or computes badly. */

import type { Params, PrimitiveName } from '../ir/params.ts';
import type { Atom, Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps } from '../primitives/table.ts';
import { Environment, emitAgain } from '../transforms/replay.ts';

/** The result of an equation by other primitives, or undefined to leave it as it is. */
export type Expansion = (ops: Ops, inputs: readonly Atom[], params: Params) => Atom | undefined;

/** In a table of lowerings: the primitive is never met, since it has been expanded, in every dtype. */
export type Expanded = 'expanded';

export type Expansions = Partial<Record<PrimitiveName, Expansion>>;

const needsNone = (program: Program, expansions: Expansions): boolean => {
  const scratch = newOps();
  return program.equations.every(
    ({ primitive, inputs, params }) => expansions[primitive]?.(scratch, inputs, params) === undefined,
  );
};

/** An equal program without what is to be expanded. Idempotent it is not: expansions use what they expand. */
export const expanded = (program: Program, expansions: Expansions): Program => {
  if (needsNone(program, expansions)) return program;
  const ops = newOps();
  const env = new Environment<Atom>((literal) => literal);
  for (const v of ops.adoptInputs(program)) env.set(v, v);
  for (const equation of program.equations) {
    ops.at(equation);
    const inputs = env.all(equation.inputs);
    const made = expansions[equation.primitive]?.(ops, inputs, equation.params);
    env.set(equation.output, made ?? emitAgain(ops, equation, inputs));
  }
  return ops.build(env.all(program.outputs));
};
