/** Small programs with several leaves, built by hand, and values for their inputs. */

import { sizeOf, type Value } from '../../src/ir/aval.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import { newOps } from '../../src/primitives/table.ts';

/** Asks for all of a program, in float64, and leaves the rest to the plan. */
export const planRequest = (program: Program, over: Partial<PlanRequest> = {}): PlanRequest => ({
  program,
  leaves: program.inputs.length,
  precision: 'float64',
  nbatches: 'auto',
  recomputed: 0,
  ...over,
});

/** Smooth, distinct, never near a corner. */
export const valuesFor = (program: Program): Value[] =>
  program.inputs.map((v, k) => ({
    shape: v.aval.shape,
    dtype: 'float64',
    data: Float64Array.from({ length: sizeOf(v.aval.shape) }, (_, i) => Math.sin(1.7 * i + 0.9 * k + 0.3)),
  }));

/** Two dense layers: (x[3], W[3,4], V[4,2]) → one element, and → its hidden layers. */
export const network = (): { scalar: Program; vector: Program } => {
  const ops = newOps();
  const x = ops.input({ shape: [3], dtype: 'float64' });
  const w = ops.input({ shape: [3, 4], dtype: 'float64' });
  const v = ops.input({ shape: [4, 2], dtype: 'float64' });
  const hidden = ops.unary('tanh', ops.dot(x, w, { lhs: [0], rhs: [0, 1], out: [1] }));
  const out = ops.unary('softplus', ops.dot(hidden, v, { lhs: [0], rhs: [0, 1], out: [1] }));
  return { scalar: ops.build([ops.sum(ops.mul(out, out), [0])]), vector: ops.build([out, hidden]) };
};

/** (x, W) → Σ g(g(…x)) with g = sin(x W): as deep as asked, each layer's value needed by the pullback. */
export const chain = (depth: number, size: number): Program => {
  const ops = newOps();
  let x: Atom = ops.input({ shape: [size], dtype: 'float64' });
  const w = ops.input({ shape: [size, size], dtype: 'float64' });
  for (let i = 0; i < depth; i++) x = ops.unary('sin', ops.dot(x, w, { lhs: [0], rhs: [0, 1], out: [1] }));
  return ops.build([ops.sum(x, [0])]);
};
