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
 * Takes a program without equations that none of its outputs needs. `unknown[i]` says whether input i is unknown. What
 * depends on no unknown input goes to `point`; a residual is a known value that the rest uses. A known input that the
 * rest uses is a residual as it is. `again`: the known equations that the rest makes again where it needs them.
 */
export const partition = (
  program: Program,
  unknown: readonly boolean[],
  again: (equation: Equation) => boolean = () => false,
): Partition => {
  const dependent = new Set<Atom>(program.inputs.filter((_, i) => unknown[i]));
  const known: Equation[] = [];
  for (const equation of program.equations) {
    if (dependsOn(equation, dependent)) dependent.add(equation.output);
    else known.push(equation);
  }
  const used = new Set<Atom>(program.outputs.filter(isVar));
  const rest: Equation[] = [];
  const residuals: Var[] = [];
  for (let i = program.equations.length - 1; i >= 0; i--) {
    const equation = program.equations[i];
    const { primitive, inputs, output } = equation;
    if (!dependent.has(output)) {
      if (!used.has(output)) continue;
      if (!REMADE.has(primitive) && !again(equation)) {
        residuals.push(output);
        continue;
      }
    }
    rest.push(equation);
    for (let j = 0; j < inputs.length; j++) if (isVar(inputs[j])) used.add(inputs[j]);
  }
  const knownInputs = program.inputs.filter((_, i) => !unknown[i]);
  residuals.push(...knownInputs.filter((v) => used.has(v)).reverse());
  residuals.reverse();
  const point = pruned({ inputs: knownInputs, equations: known, outputs: residuals });
  // The two programs share no residuals: the rest gets its own inputs for them.
  const renamed = new Map<Atom, Var>(residuals.map((v) => [v, newVar(v.aval, v.scope)]));
  return {
    point,
    rest: {
      inputs: [...residuals.map((v) => renamed.get(v) as Var), ...program.inputs.filter((_, i) => unknown[i])],
      equations: rest.reverse().map((equation) => withInputs(equation, renamed)),
      outputs: program.outputs.map((a) => renamed.get(a) ?? a),
    },
  };
};

const dependsOn = ({ inputs }: Equation, atoms: ReadonlySet<Atom>): boolean => {
  for (let i = 0; i < inputs.length; i++) if (atoms.has(inputs[i])) return true;
  return false;
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
