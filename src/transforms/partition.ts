/** Cuts a program in two by what it depends on: the part known beforehand, and the rest over its residuals. */

import { pruned } from '../ir/builder.ts';
import type { Atom, Equation, Program, Var } from '../ir/program.ts';
import { isVar, newEquation, newVar } from '../ir/program.ts';

export interface Partition {
  /** (…known inputs) → (…residuals). */
  readonly point: Program;
  /** (…residuals, …unknown inputs) → (…outputs of the program). */
  readonly rest: Program;
}

/** Known values that the rest makes again rather than take: they repeat a smaller residual, or need none. */
const REMADE: ReadonlySet<string> = new Set(['broadcast', 'iota']);

/**
 * Takes a program without equations that none of its outputs needs. `unknown[i]` says whether input i is unknown. What depends on no unknown input goes to `point`; a residual
 * is a known value that the rest uses. A known input that the rest uses is a residual as it is.
 */
export const partition = (program: Program, unknown: readonly boolean[]): Partition => {
  const dependent = new Set<Atom>(program.inputs.filter((_, i) => unknown[i]));
  const known: Equation[] = [];
  const rest: Equation[] = [];
  for (const equation of program.equations) {
    const isKnown = !dependsOn(equation, dependent);
    if (!isKnown) dependent.add(equation.output);
    (isKnown ? known : rest).push(equation);
  }
  const used = usedBy(rest, program.outputs);
  const remade: Equation[] = [];
  for (let i = known.length - 1; i >= 0; i--) {
    const equation = known[i];
    if (!used.has(equation.output) || !REMADE.has(equation.primitive)) continue;
    used.delete(equation.output);
    for (const a of equation.inputs) if (isVar(a)) used.add(a);
    remade.unshift(equation);
  }
  const knownInputs = program.inputs.filter((_, i) => !unknown[i]);
  const residuals: Var[] = knownInputs.filter((v) => used.has(v));
  for (const { output } of known) if (used.has(output)) residuals.push(output);
  const point = pruned({ inputs: knownInputs, equations: known, outputs: residuals });
  // The two programs share no residuals: the rest gets its own inputs for them.
  const renamed = new Map<Atom, Var>(residuals.map((v) => [v, newVar(v.aval, v.scope)]));
  return {
    point,
    rest: {
      inputs: [...residuals.map((v) => renamed.get(v) as Var), ...program.inputs.filter((_, i) => unknown[i])],
      equations: [...remade, ...rest].map((equation) => withInputs(equation, renamed)),
      outputs: program.outputs.map((a) => renamed.get(a) ?? a),
    },
  };
};

const dependsOn = ({ inputs }: Equation, atoms: ReadonlySet<Atom>): boolean => {
  for (let i = 0; i < inputs.length; i++) if (atoms.has(inputs[i])) return true;
  return false;
};

/** The variables that equations and outputs take. */
const usedBy = (equations: readonly Equation[], outputs: readonly Atom[]): Set<Atom> => {
  const used = new Set<Atom>();
  for (const { inputs } of equations) for (let i = 0; i < inputs.length; i++) if (isVar(inputs[i])) used.add(inputs[i]);
  for (const a of outputs) if (isVar(a)) used.add(a);
  return used;
};

/** The equation with some of its operands renamed. */
const withInputs = (equation: Equation, renamed: ReadonlyMap<Atom, Var>): Equation => {
  const { primitive, inputs, params, output, region } = equation;
  for (let i = 0; i < inputs.length; i++) {
    if (renamed.has(inputs[i])) {
      return newEquation(
        primitive,
        inputs.map((a) => renamed.get(a) ?? a),
        params,
        output,
        region,
      );
    }
  }
  return equation;
};
