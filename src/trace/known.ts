/** The value of an equation that depends on constants alone, for a recorded function that may well read it. */

import { allocate, sizeOf, type Value } from '../ir/aval.ts';
import type { Atom, Program } from '../ir/program.ts';
import { rulesOf } from '../primitives/table.ts';

/** Evaluates the one output of a program, whose variables come from `constant` where no equation makes them. */
export const evaluateKnown = (program: Program, constant: (atom: Atom) => Value): Value => {
  const made = new Map<Atom, Value>();
  const read = (atom: Atom): Value => made.get(atom) ?? constant(atom);
  for (const { primitive, inputs, params, output } of program.equations) {
    const { shape, dtype } = output.aval;
    const value = { shape, dtype, data: allocate(dtype, sizeOf(shape)) };
    rulesOf(primitive).evaluate(inputs.map(read), params, value);
    made.set(output, value);
  }
  return read(program.outputs[0]);
};
