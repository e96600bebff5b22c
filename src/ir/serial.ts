/** The serial form of a Program: plain numbers and strings, for hashing, for other threads, for disk. */

import { createHash } from 'node:crypto';
import type { Aval } from './aval.ts';
import type { Params, PrimitiveName } from './params.ts';
import { type Atom, type Equation, newEquation, newLiteral, newVar, type Program, type Var } from './program.ts';
import { remembered } from './remembered.ts';

/** A variable by number (inputs first, then equations in order), or a literal. */
export type SerialAtom = number | { readonly value: number | string; readonly aval: Aval };

export interface SerialProgram {
  readonly inputs: readonly Aval[];
  readonly equations: readonly {
    readonly primitive: PrimitiveName;
    readonly inputs: readonly SerialAtom[];
    /** A number that JSON lacks is a word here too; lists are lists of whole numbers. */
    readonly params: Params;
    readonly output: Aval;
    readonly scope?: string;
    readonly region?: number;
  }[];
  readonly outputs: readonly SerialAtom[];
}

/** JSON has no NaN, no infinities and no −0; they travel as words. */
const encodeNumber = (value: number): number | string =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);

const WORDS: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity', '-0']);

const mapValues = <V, W>(values: Readonly<Record<string, V>>, f: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, f(value)]));

const encodeParams = (params: Params): Params =>
  mapValues(params, (value) => (typeof value === 'number' ? encodeNumber(value) : value));

const decodeParams = (params: Params): Params =>
  mapValues(params, (value) => (WORDS.has(value) ? Number(value) : value));

export const serialize = (program: Program): SerialProgram => {
  const numbers = new Map<Var, number>();
  for (const v of program.inputs) numbers.set(v, numbers.size);
  const atom = (a: Atom): SerialAtom =>
    a.kind === 'literal' ? { value: encodeNumber(a.value), aval: a.aval } : (numbers.get(a) as number);
  const equations = program.equations.map((e) => {
    const inputs = e.inputs.map(atom);
    numbers.set(e.output, numbers.size);
    const { scope } = e.output;
    return {
      primitive: e.primitive,
      inputs,
      params: encodeParams(e.params),
      output: e.output.aval,
      ...(scope === undefined ? {} : { scope }),
      ...(e.region === undefined ? {} : { region: e.region }),
    };
  });
  return { inputs: program.inputs.map((v) => v.aval), equations, outputs: program.outputs.map(atom) };
};

export const deserialize = (serial: SerialProgram): Program => {
  const vars: Var[] = serial.inputs.map((aval) => newVar(aval));
  const inputs = [...vars];
  const atom = (a: SerialAtom): Atom => (typeof a === 'number' ? vars[a] : newLiteral(a.aval, Number(a.value)));
  const equations: Equation[] = serial.equations.map((e) => {
    const operands = e.inputs.map(atom);
    const output = newVar(e.output, e.scope);
    vars.push(output);
    return newEquation(e.primitive, operands, decodeParams(e.params), output, e.region);
  });
  return { inputs, equations, outputs: serial.outputs.map(atom) };
};

const textOf = ({ shape, dtype }: Aval): string => `${dtype}[${shape}]`;

/** A key that is equal for programs of equal structure; scopes don't count. */
export const hashOf = remembered((program: Program): string => {
  const numbers = new Map<Atom, number>();
  const atom = (a: Atom): string =>
    a.kind === 'var' ? ` ${numbers.get(a)}` : ` ${encodeNumber(a.value)}:${textOf(a.aval)}`;
  let text = '';
  for (const v of program.inputs) {
    numbers.set(v, numbers.size);
    text += `${textOf(v.aval)} `;
  }
  for (const { primitive, inputs, params, output, region } of program.equations) {
    text += `\n${region ?? 0} ${primitive}`;
    for (const a of inputs) text += atom(a);
    for (const name in params) {
      const value = params[name];
      text += `|${name}=${typeof value === 'number' ? encodeNumber(value) : value}`;
    }
    text += `|${textOf(output.aval)}`;
    numbers.set(output, numbers.size);
  }
  text += '\n';
  for (const a of program.outputs) text += atom(a);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
});
