/** The linear transpose: turns a linear program around, from cotangents of its outputs to those of its inputs. */

import { printAval } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { Atom, Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { rulesOf } from '../primitives/table.ts';
import { Environment } from './replay.ts';

/**
 * Emits the transpose of `program`, which is linear in the inputs whose entry in `inputs` is undefined; the
 * others are known. A null cotangent is a symbolic zero, given and returned. Returns the cotangents of
 * the linear inputs, in order.
 */
export const transposeInto = (
  ops: Ops,
  program: Program,
  inputs: readonly (Atom | undefined)[],
  cotangents: readonly (Atom | null)[],
): (Atom | null)[] => {
  const known = new Environment<Atom>((literal) => literal);
  for (const [i, v] of program.inputs.entries()) {
    const value = inputs[i];
    if (value !== undefined) known.set(v, value);
  }
  const linear = program.equations.filter((equation) => {
    if (!equation.inputs.every((a) => known.has(a))) return true;
    ops.at(equation);
    known.set(
      equation.output,
      ops.emit(
        equation.primitive,
        equation.inputs.map((a) => known.get(a)),
        equation.params,
      ),
    );
    return false;
  });

  const pending = new Map<Atom, Atom>();
  const accumulate = (target: Atom, cotangent: Atom): void => {
    // A known operand or output takes no cotangent: only the linear part is turned around.
    if (known.has(target)) return;
    const before = pending.get(target);
    pending.set(target, before ? ops.add(before, cotangent) : cotangent);
  };
  for (const [i, output] of program.outputs.entries()) {
    const cotangent = cotangents[i];
    if (cotangent) accumulate(output, cotangent);
  }
  for (let i = linear.length - 1; i >= 0; i--) {
    const equation = linear[i];
    const cotangent = pending.get(equation.output);
    if (cotangent === undefined) continue;
    pending.delete(equation.output);
    const { transpose } = rulesOf(equation.primitive);
    if (transpose === 'nonlinear') {
      throw malformed(
        `transpose met ${equation.primitive} on ${equation.inputs.map((a) => printAval(a.aval)).join(' ')}, which is not linear.`,
      );
    }
    ops.at(equation);
    const results = transpose(
      ops,
      cotangent,
      equation.inputs.map((a) => (known.has(a) ? known.get(a) : undefined)),
      equation.params,
      equation.inputs.map((a) => a.aval),
    );
    for (const [j, operand] of equation.inputs.entries()) {
      const result = results[j];
      if (result) accumulate(operand, result);
    }
  }
  return program.inputs.filter((_, i) => inputs[i] === undefined).map((v) => pending.get(v) ?? null);
};
