/** Makes a program's equations anew in a builder: how programs are joined, and how they are simplified. */

import { pruned } from '../ir/builder.ts';
import type { Atom, Equation, Program, Var } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';

/** What each variable of the program being read stands for in the program being built. */
export class Environment<T> {
  readonly #values = new Map<Var, T>();
  readonly #literal: (atom: Atom) => T;

  constructor(literal: (atom: Atom) => T) {
    this.#literal = literal;
  }
  set(v: Var, value: T): void {
    this.#values.set(v, value);
  }
  has(atom: Atom): boolean {
    return atom.kind === 'literal' || this.#values.has(atom);
  }
  hasAll(atoms: readonly Atom[]): boolean {
    for (let i = 0; i < atoms.length; i++) if (!this.has(atoms[i])) return false;
    return true;
  }
  get(atom: Atom): T {
    return atom.kind === 'literal' ? this.#literal(atom) : (this.#values.get(atom) as T);
  }
  all(atoms: readonly Atom[]): T[] {
    const values: T[] = [];
    for (let i = 0; i < atoms.length; i++) values.push(this.get(atoms[i]));
    return values;
  }
}

const areSame = (a: readonly Atom[], b: readonly Atom[]): boolean => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

/** Emits an equation of another program over operands of this one; over its own, it is taken as it is. */
export const emitAgain = (ops: Ops, equation: Equation, operands: readonly Atom[]): Atom => {
  if (areSame(operands, equation.inputs)) return ops.adopt(equation);
  ops.at(equation);
  return ops.emit(equation.primitive, operands, equation.params);
};

/**
 * Emits all equations of a program with its inputs replaced by `inputs`; returns what its outputs became. Those over
 * its own inputs (see `adoptInputs`) are taken as they are.
 */
export const replay = (ops: Ops, program: Program, inputs: readonly Atom[]): Atom[] => {
  const env = new Environment<Atom>((literal) => literal);
  for (const [i, v] of program.inputs.entries()) env.set(v, inputs[i]);
  for (const equation of program.equations) {
    env.set(equation.output, emitAgain(ops, equation, env.all(equation.inputs)));
  }
  return env.all(program.outputs);
};

/** The program with only its outputs first … limit−1, and only what those need. */
export const withOutputs = (program: Program, first: number, limit: number): Program =>
  pruned({ ...program, outputs: program.outputs.slice(first, limit) });
