/** Forward mode: pushes tangents through a program beside its primal values. */

import { isFloat } from '../ir/aval.ts';
import type { Atom, Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps, rulesOf } from '../primitives/table.ts';
import { Environment, emitAgain } from './replay.ts';

/** An atom with its tangent; null is a symbolic zero. */
export interface Dual {
  readonly primal: Atom;
  readonly tangent: Atom | null;
}

/** Follows the tangents while they are pushed, and has better ones in their place. */
export interface Follower {
  /** The tangent for a map that is `diagonal`, or that is not. */
  instead(tangent: Atom, diagonal: boolean): Atom;
  /** An equation's tangent was emitted. */
  advance(): void;
}

/**
 * Emits a program on dual numbers: each equation's primal, then its tangent by the primitive's rule.
 * The tangents are linear in the tangents given.
 */
export const jvpInto = (ops: Ops, program: Program, inputs: readonly Dual[], follower?: Follower): Dual[] => {
  const env = new Environment<Dual>((primal) => ({ primal, tangent: null }));
  for (const [i, v] of program.inputs.entries()) env.set(v, inputs[i]);
  for (const equation of program.equations) {
    const { primitive, inputs: operands, params } = equation;
    const primals: Atom[] = [];
    const tangents: (Atom | null)[] = [];
    let varies = false;
    for (let i = 0; i < operands.length; i++) {
      const dual = env.get(operands[i]);
      primals.push(dual.primal);
      tangents.push(dual.tangent);
      varies ||= dual.tangent !== null;
    }
    const primal = emitAgain(ops, equation, primals);
    ops.at(equation);
    const active = varies && isFloat(primal.aval.dtype);
    const rules = rulesOf(primitive);
    if (active && follower) {
      const diagonal = rules.algebra === 'diagonal' || rules.algebra === 'other';
      for (let i = 0; i < tangents.length; i++) {
        const given = tangents[i];
        if (given) tangents[i] = follower.instead(given, diagonal);
      }
    }
    const tangent = active ? rules.jvp(ops, primals, tangents, params, primal) : null;
    env.set(equation.output, { primal, tangent });
    follower?.advance();
  }
  return env.all(program.outputs);
};

/** The tangents of the outputs as atoms: a symbolic zero becomes the literal zero. */
export const tangentsOf = (ops: Ops, duals: readonly Dual[]): Atom[] =>
  duals.map((d) => ops.orZero(d.tangent, d.primal));

/**
 * (…inputs, …tangents of the active inputs) → (…outputs, …tangents of the outputs),
 * with the tangents of inactive inputs zero.
 */
export const jvp = (program: Program, active: readonly boolean[]): Program => {
  const ops = newOps();
  const primals = program.inputs.map((v) => ops.input(v.aval, v.scope));
  const duals = primals.map((primal, i) => ({ primal, tangent: active[i] ? ops.input(primal.aval) : null }));
  const outputs = jvpInto(ops, program, duals);
  return ops.build([...outputs.map((d) => d.primal), ...tangentsOf(ops, outputs)]);
};
