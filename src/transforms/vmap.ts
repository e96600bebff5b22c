/** Batching: one program over many inputs at once, by each primitive's own rule. */

import type { Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import type { Batched } from '../primitives/primitive.ts';
import { rulesOf } from '../primitives/table.ts';
import { Environment } from './replay.ts';

/** Emits a program over a batch of `size`; each input says where its batch axis is, null where it has none. */
export const vmapInto = (ops: Ops, program: Program, inputs: readonly Batched[], size: number): Batched[] => {
  const env = new Environment<Batched>((value) => ({ value, axis: null }));
  for (const [i, v] of program.inputs.entries()) env.set(v, inputs[i]);
  for (const equation of program.equations) {
    ops.at(equation);
    const operands = env.all(equation.inputs);
    const result: Batched = operands.some((b) => b.axis !== null)
      ? rulesOf(equation.primitive).vmap(ops, operands, equation.params, size)
      : {
          value: ops.emit(
            equation.primitive,
            operands.map((b) => b.value),
            equation.params,
          ),
          axis: null,
        };
    env.set(equation.output, result);
  }
  return env.all(program.outputs);
};
