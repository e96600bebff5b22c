/** Cuts a program in two by what it depends on: the part known beforehand, and the rest over its residuals. */

import { pruned } from '../ir/builder.ts';
import type { Atom, Equation, Program, Var } from '../ir/program.ts';
import { isVar, newVar } from '../ir/program.ts';

export interface Partition {
  /** (…known inputs) → (…residuals). */
  readonly point: Program;
  /** (…residuals, …unknown inputs) → (…outputs of the program). */
  readonly rest: Program;
}

/** Known values that the rest makes again rather than take: they repeat a smaller residual, or need none. */
const REMADE: ReadonlySet<string> = new Set(['broadcast', 'iota']);

/**
 * `unknown[i]` says whether input i is unknown. What depends on no unknown input goes to `point`; a residual
 * is a known value that the rest uses. A known input that the rest uses is a residual as it is.
 */
export const partition = (program: Program, unknown: readonly boolean[]): Partition => {
  const dependent = new Set<Atom>(program.inputs.filter((_, i) => unknown[i]));
  const known: Equation[] = [];
  const rest: Equation[] = [];
  for (const equation of program.equations) {
    if (equation.inputs.some((a) => dependent.has(a))) {
      dependent.add(equation.output);
      rest.push(equation);
    } else known.push(equation);
  }
  const used = new Set<Atom>(rest.flatMap((e) => e.inputs.filter(isVar)));
  for (const a of program.outputs) if (isVar(a)) used.add(a);
  const remade: Equation[] = [];
  for (let i = known.length - 1; i >= 0; i--) {
    const equation = known[i];
    if (!used.has(equation.output) || !REMADE.has(equation.primitive)) continue;
    used.delete(equation.output);
    for (const a of equation.inputs) if (isVar(a)) used.add(a);
    remade.unshift(equation);
  }
  const knownInputs = program.inputs.filter((_, i) => !unknown[i]);
  const candidates: Var[] = [...knownInputs, ...known.map((e) => e.output)];
  const residuals = candidates.filter((v) => used.has(v));
  const point = pruned({ inputs: knownInputs, equations: known, outputs: residuals });
  // The two programs share no variables: the rest gets its own inputs for the residuals.
  const renamed = new Map<Atom, Var>(residuals.map((v) => [v, newVar(v.aval, v.scope)]));
  const rename = (a: Atom): Atom => renamed.get(a) ?? a;
  return {
    point,
    rest: pruned({
      inputs: [...residuals.map((v) => renamed.get(v) as Var), ...program.inputs.filter((_, i) => unknown[i])],
      equations: [...remade, ...rest].map((e) => ({ ...e, inputs: e.inputs.map(rename) })),
      outputs: program.outputs.map(rename),
    }),
  };
};
