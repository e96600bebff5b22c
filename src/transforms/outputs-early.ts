/** Orders a program so that its outputs are made as soon as they can be: what they are made of is let go sooner. */

import type { Atom, Equation, Program } from '../ir/program.ts';
import { isVar } from '../ir/program.ts';
import { rulesOf } from '../primitives/table.ts';

/** Whether an equation makes an output, or only what outputs are made of, element by element, and may be moved. */
const earlyOnes = ({ equations, outputs }: Program): Set<Equation> => {
  const kept = new Set<Atom>(outputs);
  /** Values that something else uses. */
  const late = new Set<Atom>();
  const early = new Set<Equation>();
  for (let i = equations.length - 1; i >= 0; i--) {
    const equation = equations[i];
    const { primitive, inputs, output, region } = equation;
    const isEarly =
      // What is computed again is computed when it is needed.
      region === undefined && (kept.has(output) || (!late.has(output) && rulesOf(primitive).algebra === 'diagonal'));
    if (isEarly) early.add(equation);
    else for (let j = 0; j < inputs.length; j++) late.add(inputs[j]);
  }
  return early;
};

/**
 * The residuals of a pullback stand where it needs them, behind the whole forward pass: made there, the forward values
 * that they are made of would be alive all at once beside them.
 */
export const outputsEarly = (program: Program): Program => {
  const early = earlyOnes(program);
  const missing = new Map<Equation, number>();
  const waiting = new Map<Atom, Equation[]>();
  const made = new Set<Atom>(program.inputs);
  const equations: Equation[] = [];
  const place = (first: Equation): void => {
    const stack = [first];
    for (let equation = stack.pop(); equation; equation = stack.pop()) {
      equations.push(equation);
      made.add(equation.output);
      for (const next of waiting.get(equation.output) ?? []) {
        const left = (missing.get(next) as number) - 1;
        missing.set(next, left);
        if (left === 0) stack.push(next);
      }
    }
  };
  for (const equation of program.equations) {
    if (!early.has(equation)) continue;
    const operands = new Set<Atom>(equation.inputs.filter((a) => isVar(a) && !made.has(a)));
    missing.set(equation, operands.size);
    for (const a of operands) {
      const list = waiting.get(a);
      if (list) list.push(equation);
      else waiting.set(a, [equation]);
    }
  }
  for (const equation of program.equations) if (!made.has(equation.output)) place(equation);
  return { ...program, equations };
};
