/** The program checker: whether a Program is well formed, equation by equation. */

import { type Aval, printAval, sameAval } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import { printProgram } from '../ir/printer.ts';
import type { Equation, Program, Var } from '../ir/program.ts';
import { primitives, rulesOf } from '../primitives/table.ts';

/** The equation as it stands in the printed program. */
const printed = (program: Program, index: number): string => printProgram(program).split('\n')[index + 1].trim();

const inferred = (program: Program, index: number, { primitive, inputs, params }: Equation): Aval => {
  try {
    return rulesOf(primitive).shape(
      inputs.map((a) => a.aval),
      params,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw malformed(`Equation ${index}, \`${printed(program, index)}\`, does not hold: ${reason}`, { equation: index });
  }
};

const isPlain = (param: unknown): boolean =>
  ['number', 'string', 'boolean'].includes(typeof param) ||
  (Array.isArray(param) && param.every((v) => typeof v === 'number'));

/**
 * Throws a PROGRAM error unless every variable is made once and before it is used, every equation has the
 * aval that its primitive's shape rule gives, params are plain data, and outputs exist.
 */
export const checkProgram = (program: Program): void => {
  const made = new Set<Var>();
  for (const [i, v] of program.inputs.entries()) {
    if (made.has(v)) throw malformed(`Input ${i} of the program is the same variable as one before it.`, { input: i });
    made.add(v);
  }
  for (const [index, equation] of program.equations.entries()) {
    const wrong = (why: string) =>
      malformed(`Equation ${index}, \`${printed(program, index)}\`: ${why}.`, { equation: index });
    if (!Object.hasOwn(primitives, equation.primitive)) throw wrong('there is no such primitive');
    for (const a of equation.inputs)
      if (a.kind === 'var' && !made.has(a)) throw wrong('an operand is not made before it');
    for (const [name, param] of Object.entries(equation.params)) {
      if (!isPlain(param)) throw wrong(`its param ${name} is not plain data`);
    }
    const { aval } = equation.output;
    const rule = inferred(program, index, equation);
    if (!sameAval(aval, rule)) throw wrong(`its result is ${printAval(rule)}, not ${printAval(aval)}`);
    if (made.has(equation.output)) throw wrong('its result is already made');
    made.add(equation.output);
  }
  for (const [i, a] of program.outputs.entries()) {
    if (a.kind === 'var' && !made.has(a)) throw malformed(`Output ${i} of the program is never made.`, { output: i });
  }
};
