/** Linearize: the derivative at a point as two programs, one run per point, one linear and run per tangent. */

import type { Equation, Program } from '../ir/program.ts';
import { newOps } from '../primitives/table.ts';
import { jvpInto, tangentsOf } from './jvp.ts';
import { DiagonalMerger } from './merge-diagonals.ts';
import { type Partition, partition } from './partition.ts';

/**
 * Only the inputs marked active have a nonzero tangent (partial activity).
 * `point`: (…inputs) → (…residuals); `rest`: (…residuals, …active tangents) → (…tangents of the outputs), linear.
 * `merging`: whether neighbouring diagonal maps become one, which only tests that compare turn off.
 * `again`: the equations whose primal values `rest` makes itself.
 */
export const linearize = (
  program: Program,
  active: readonly boolean[],
  merging = true,
  again: (equation: Equation) => boolean = () => false,
): Partition => {
  const ops = newOps();
  const primals = ops.adoptInputs(program);
  const duals = primals.map((primal, i) => ({ primal, tangent: active[i] ? ops.input(primal.aval) : null }));
  const merger = merging ? new DiagonalMerger(ops) : undefined;
  for (const { tangent } of duals) if (tangent) merger?.tangent(tangent);
  const results = jvpInto(ops, program, duals, merger);
  const tangents = tangentsOf(ops, results).map((a) => merger?.value(a) ?? a);
  const whole = ops.build(tangents);
  // The builder's inputs are primals first, then tangents: the order partition keeps.
  return partition(
    whole,
    whole.inputs.map((_, i) => i >= primals.length),
    again,
  );
};
