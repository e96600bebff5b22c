/** The values of equations that depend on constants alone, for a recorded function or a kernel's rule that reads them. */

import { type Aval, allocate, sizeOf, type Value } from '../ir/aval.ts';
import { type Atom, isLiteral, type Program } from '../ir/program.ts';
import { rulesOf } from '../primitives/table.ts';

const uniform = ({ shape, dtype }: Aval, value: number, count: number): Value => ({
  shape,
  dtype,
  data: allocate(dtype, count).fill(value),
});

/** Evaluates a program whose variables come from `constant` where no equation makes them. */
export const evaluateAllKnown = (program: Program, constant: (atom: Atom) => Value): Value[] => {
  const made = new Map<Atom, Value>();
  const read = (atom: Atom): Value =>
    isLiteral(atom) ? uniform(atom.aval, atom.value, sizeOf(atom.aval.shape)) : (made.get(atom) ?? constant(atom));
  // A diagonal primitive takes one element for all.
  const readAny = (atom: Atom): Value =>
    isLiteral(atom) ? uniform(atom.aval, atom.value, Math.min(1, sizeOf(atom.aval.shape))) : read(atom);
  for (const { primitive, inputs, params, output } of program.equations) {
    const { shape, dtype } = output.aval;
    const value = { shape, dtype, data: allocate(dtype, sizeOf(shape)) };
    const { algebra, evaluate } = rulesOf(primitive);
    evaluate(inputs.map(algebra === 'diagonal' ? readAny : read), params, value);
    made.set(output, value);
  }
  return program.outputs.map(read);
};

/** The same for the one output of a program. */
export const evaluateKnown = (program: Program, constant: (atom: Atom) => Value): Value =>
  evaluateAllKnown(program, constant)[0];
