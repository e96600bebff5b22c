/** Arrays without elements, which no engine's lowerings meet. */

import { allocate, isFloat, type Value } from '../ir/aval.ts';
import type { Equation } from '../ir/program.ts';
import type { Artifact, Executable } from './executable.ts';

/** What an equation with an empty operand gives where its result isn't empty: the value of every element. */
export const valueOfNothing = ({ primitive, params, output }: Equation): number => {
  const largest = isFloat(output.aval.dtype) ? Number.POSITIVE_INFINITY : 2 ** 31 - 1;
  if (primitive === 'reduce_max') return -largest;
  if (primitive === 'reduce_min') return largest;
  return primitive === 'pad' ? (params.value as number) : 0;
};

/** Sessions need an output: a program without any, or whose outputs have no elements, runs none. */
export const givingNothing = ({ inputs, outputs }: Pick<Artifact, 'inputs' | 'outputs'>): Executable => {
  const nothing = outputs.map(({ shape, dtype }): Value => ({ shape, dtype, data: allocate(dtype, 0) }));
  return { inputs, outputs, run: async () => nothing, dispose: async () => {} };
};
