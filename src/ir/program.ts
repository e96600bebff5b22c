/** The Program: a straight line of equations over typed variables, as plain immutable data. */

import type { Aval } from './aval.ts';
import type { Params, PrimitiveName } from './params.ts';

/** A variable; identity is the object itself. `scope` names the user-level op that made it, for messages. */
export interface Var {
  readonly kind: 'var';
  readonly aval: Aval;
  readonly scope: string | undefined;
  /** A number of its own in this thread, for hashing. */
  readonly id: number;
}

/** An array in which every element is `value`: costs nothing, needs no input, and folds. */
export interface Literal {
  readonly kind: 'literal';
  readonly aval: Aval;
  readonly value: number;
}

export type Atom = Var | Literal;

/** `output = primitive(inputs)`: each primitive has exactly one result. */
export interface Equation {
  readonly primitive: PrimitiveName;
  readonly inputs: readonly Atom[];
  readonly params: Params;
  readonly output: Var;
  /**
   * Equal equations are shared within a region only. What checkpointing computes again lies in regions of its own, by
   * segment and by pass, so that no later pass merges it with the first computation. Undefined: region 0, of what is kept.
   */
  readonly region?: number | undefined;
}

/** Inputs, equations in an order in which each variable is made before it is used, and outputs. */
export interface Program {
  readonly inputs: readonly Var[];
  readonly equations: readonly Equation[];
  readonly outputs: readonly Atom[];
}

export const isVar = (atom: Atom): atom is Var => atom.kind === 'var';

/** The variables that equations or outputs take and no equation makes, in the order in which they are met. */
export const freeVariables = ({ equations, outputs }: Pick<Program, 'equations' | 'outputs'>): Var[] => {
  const made = new Set<Atom>(equations.map((e) => e.output));
  const taken = [...equations.flatMap((e) => e.inputs), ...outputs].filter(isVar);
  return [...new Set(taken)].filter((v) => !made.has(v));
};

/** Whether an atom is the literal array of this value. */
export const isLiteral = (atom: Atom, value?: number): atom is Literal =>
  atom.kind === 'literal' && (value === undefined || Object.is(atom.value, value));

/** Whether an atom is an array of zeros, of either sign. */
export const isZero = (atom: Atom): boolean => atom.kind === 'literal' && atom.value === 0;

let count = 0;

// Variables, literals and equations are made here alone: objects of one layout are what the JavaScript engine is fast at.
export const newVar = (aval: Aval, scope?: string): Var => ({ kind: 'var', aval, scope, id: count++ });

export const newLiteral = (aval: Aval, value: number): Literal => ({ kind: 'literal', aval, value });

// The engine lays a field out by what it first holds. A fraction that came after whole numbers would change the layout,
// and undo all that was compiled for it.
newLiteral({ shape: [], dtype: 'float32' }, 0.5);

export const newEquation = (
  primitive: PrimitiveName,
  inputs: readonly Atom[],
  params: Params,
  output: Var,
  region: number | undefined,
): Equation => ({ primitive, inputs, params, output, region });
