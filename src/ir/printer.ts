/** Prints a Program for people: one line per equation, variables named a, b, …, z, ba, … */

import { printAval } from './aval.ts';
import type { ParamValue } from './params.ts';
import type { Atom, Program, Var } from './program.ts';

const nameOf = (index: number): string => {
  let name = '';
  let rest = index;
  do {
    name = String.fromCharCode(97 + (rest % 26)) + name;
    rest = Math.floor(rest / 26);
  } while (rest > 0);
  return name;
};

const printParam = (value: ParamValue): string => (Array.isArray(value) ? `[${value.join(',')}]` : String(value));

/**
 * ```
 * { a:f32[3] ->
 *   b:f32[3] = mul a 2
 *   out b }
 * ```
 */
export const printProgram = (program: Program): string => {
  const names = new Map<Var, string>();
  const define = (v: Var): string => {
    const name = nameOf(names.size);
    names.set(v, name);
    return `${name}:${printAval(v.aval)}`;
  };
  const use = (a: Atom): string => (a.kind === 'literal' ? String(a.value) : (names.get(a) ?? '?'));
  const lines = [`{ ${program.inputs.map(define).join(' ')} ->`.replace('{  ->', '{ ->')];
  for (const e of program.equations) {
    const operands = e.inputs.map(use);
    const params = Object.entries(e.params).map(([k, v]) => `${k}=${printParam(v)}`);
    const notes = [e.output.scope, e.region === undefined ? undefined : `region ${e.region}`].filter((note) => note);
    const scope = notes.length === 0 ? '' : `  # ${notes.join(', ')}`;
    lines.push(`  ${[`${define(e.output)} = ${e.primitive}`, ...operands, ...params].join(' ')}${scope}`);
  }
  lines.push(
    `  out ${program.outputs.map((a) => (a.kind === 'literal' ? `${a.value}:${printAval(a.aval)}` : use(a))).join(' ')} }`,
  );
  return lines.join('\n');
};
