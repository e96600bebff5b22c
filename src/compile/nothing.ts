/** Arrays without elements, which no engine's lowerings meet. */

import { isFloat } from '../ir/aval.ts';
import type { Equation } from '../ir/program.ts';

/** What an equation with an empty operand gives where its result isn't empty: the value of every element. */
export const valueOfNothing = ({ primitive, params, output }: Equation): number => {
  const largest = isFloat(output.aval.dtype) ? Number.POSITIVE_INFINITY : 2 ** 31 - 1;
  if (primitive === 'reduce_max') return -largest;
  if (primitive === 'reduce_min') return largest;
  return primitive === 'pad' ? (params.value as number) : 0;
};
