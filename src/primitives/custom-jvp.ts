/** custom_jvp: a value whose tangent is given with it, as the linear program that a user's own gradient is. */

import { isFloat, sameShape } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import type { Atom, Program } from '../ir/program.ts';
import { deserialize, serialize } from '../ir/serial.ts';
import { misfit } from './checks.ts';
import type { Ops } from './ops.ts';
import type { Primitive } from './primitive.ts';

/** A program as the param `rule`. */
export const ruleOf = (program: Program): string => JSON.stringify(serialize(program));

/** Emits the rule where its equation stands: in the scope and the region that are set. */
const emitRule = (ops: Ops, rule: string, inputs: readonly Atom[]): Atom => {
  const program = deserialize(JSON.parse(rule));
  const made = new Map<Atom, Atom>(program.inputs.map((v, i) => [v, inputs[i]]));
  const read = (atom: Atom): Atom => (atom.kind === 'literal' ? atom : (made.get(atom) as Atom));
  for (const { primitive, inputs: operands, params, output } of program.equations) {
    made.set(output, ops.emit(primitive, operands.map(read), params));
  }
  return read(program.outputs[0]);
};

/** Operands: the value, those that it is differentiated in, and the rule's residuals. */
export const customJvp: Primitive<PrimitiveParams['custom_jvp']> = {
  algebra: 'other',
  sparsity: 'mixed',
  shape: (inputs, { operands }) => {
    if (inputs.length < 1 + operands)
      throw misfit('custom_jvp', inputs, `it has ${operands} operands beside its value`);
    if (!isFloat(inputs[0].dtype)) throw misfit('custom_jvp', inputs, 'its value is float');
    return inputs[0];
  },
  evaluate: ([value], _params, output) => output.data.set(value.data),
  // The value's own tangent, and those of the residuals, are none of the rule's business.
  jvp: (ops, inputs, tangents, { rule, operands, takesResult }, output) => {
    const own = tangents.slice(1, 1 + operands);
    if (own.every((tangent) => tangent === null)) return null;
    const seeds = own.map((tangent, i) => ops.orZero(tangent, inputs[1 + i]));
    // The result varies by the rule; the value, which may be used for itself, doesn't.
    const residuals = [...(takesResult ? [output] : []), ...inputs.slice(1 + operands)];
    const tangent = emitRule(ops, rule, [...residuals, ...seeds]);
    if (!sameShape(tangent.aval.shape, output.aval.shape)) throw malformed('A rule of custom_jvp gave another shape.');
    return tangent;
  },
  transpose: 'nonlinear',
  // Nothing is differentiated after it was batched.
  vmap: (_ops, [value]) => value,
  cost: () => 0,
};
