/** Program → Program: where constants are many, each is read from memory, so that loops which differ by them are one kernel. */

import { isFloat } from '../ir/aval.ts';
import type { Atom, Equation, Literal, Program, Var } from '../ir/program.ts';
import { isVar, newEquation, newVar } from '../ir/program.ts';

/** A program with fewer constants keeps them in its code. */
const MANY = 100;
/** So do constants that stand at more places: those are what functions are made of, not what tells terms apart. */
const RARE = 12;

const TAKES_CONSTANTS: ReadonlySet<string> = new Set([
  'add',
  'sub',
  'mul',
  'div',
  'max',
  'min',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'select',
]);

const canBeRead = (atom: Atom): atom is Literal => !isVar(atom) && isFloat(atom.aval.dtype);

const keyOf = ({ value, aval: { dtype } }: Literal): string => `${Object.is(value, -0) ? '-0' : value} ${dtype}`;

/** Constants that stand at few places, if there are many of them. */
const rareOf = ({ equations }: Program): ReadonlySet<string> => {
  const counts = new Map<string, number>();
  for (const { primitive, inputs } of equations) {
    if (!TAKES_CONSTANTS.has(primitive)) continue;
    for (const a of inputs) if (canBeRead(a)) counts.set(keyOf(a), (counts.get(keyOf(a)) ?? 0) + 1);
  }
  const rare = [...counts].filter(([, count]) => count <= RARE).map(([key]) => key);
  return new Set(rare.length < MANY ? [] : rare);
};

export interface ReadConstants {
  /** Its inputs, and then one scalar for each of the constants. */
  readonly program: Program;
  readonly constants: readonly number[];
}

export const readConstants = (program: Program): ReadConstants => {
  const rare = rareOf(program);
  if (rare.size === 0) return { program, constants: [] };
  const scalars = new Map<string, Var>();
  const constants: number[] = [];
  const equations: Equation[] = [];
  const arrays = new Map<string, Atom>();

  const scalarFor = (literal: Literal, key: string): Var => {
    const known = scalars.get(key);
    if (known) return known;
    const scalar = newVar({ shape: [], dtype: literal.aval.dtype });
    scalars.set(key, scalar);
    constants.push(literal.value);
    return scalar;
  };
  const read = (atom: Atom): Atom => {
    if (!canBeRead(atom) || !rare.has(keyOf(atom))) return atom;
    const { shape } = atom.aval;
    const key = keyOf(atom);
    const scalar = scalarFor(atom, key);
    if (shape.length === 0) return scalar;
    const place = `${key} ${shape}`;
    const known = arrays.get(place);
    if (known) return known;
    const array = newVar(atom.aval);
    equations.push(newEquation('broadcast', [scalar], { shape, axes: [] }, array, undefined));
    arrays.set(place, array);
    return array;
  };
  for (const equation of program.equations) {
    const { primitive, inputs, params, output, region } = equation;
    const operands = TAKES_CONSTANTS.has(primitive) ? inputs.map(read) : inputs;
    const changes = operands.some((a, k) => a !== inputs[k]);
    equations.push(changes ? newEquation(primitive, operands, params, output, region) : equation);
  }
  return { program: { ...program, inputs: [...program.inputs, ...scalars.values()], equations }, constants };
};
