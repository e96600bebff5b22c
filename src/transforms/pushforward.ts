/** Turns linear programs around or drops their primal outputs: the three shapes in which columns and rows are pushed. */

import type { Equation, Program } from '../ir/program.ts';
import { newOps } from '../primitives/table.ts';
import { final } from './final.ts';
import { checkpointedVjpInto, vjpOf } from './grad.ts';
import { linearize } from './linearize.ts';
import { partition } from './partition.ts';
import { transposeInto } from './transpose.ts';

/** A derivative as programs: `point` once per point (null: nothing is kept), `rest` once per seed. */
export interface Pushforward {
  /** (…inputs) → (…residuals), or null where `rest` takes the program's inputs themselves. */
  readonly point: Program | null;
  /** (…residuals or …inputs, …seeds) → (…results), linear in the seeds. */
  readonly rest: Program;
}

/** With values in place of rules for further derivatives: see `final`. */
const finalOf = ({ point, rest }: Pushforward): Pushforward => ({ point: point && final(point), rest: final(rest) });

/**
 * Tangents of the active inputs → tangents of the outputs. `recomputed`: the share of the primal values that is made
 * again per seed: all of them, or those of the equations that are in regions.
 */
export const forwardOf = (
  program: Program,
  active: readonly boolean[],
  recomputed: number,
  merging = true,
): Pushforward => finalOf(linearize(program, active, merging, againAt(recomputed)));

const againAt = (recomputed: number): ((equation: Equation) => boolean) =>
  recomputed >= 1 ? () => true : ({ region }) => region !== undefined;

/**
 * Cotangents of the outputs → cotangents of the active inputs; a cotangent that is zero everywhere is a literal.
 * `recomputed`: the share of the forward values that is made again per seed.
 */
export const reverseOf = (
  program: Program,
  active: readonly boolean[],
  recomputed: number,
  merging = true,
): Pushforward => {
  const ops = newOps();
  if (recomputed > 0) {
    const inputs = program.inputs.map((v) => ops.input(v.aval, v.scope));
    // What lies between segments is kept, unless nothing is.
    const anew = recomputed >= 1;
    const { outputs, pullback } = checkpointedVjpInto(ops, program, inputs, active, recomputed, merging, anew);
    const cotangents = outputs.map((a) => ops.input(a.aval));
    const results = pullback(cotangents);
    const targets = inputs.filter((_, i) => active[i]);
    const whole = ops.build(results.map((r, i) => ops.orZero(r, targets[i])));
    const unknown = whole.inputs.map((_, i) => i >= inputs.length);
    return finalOf(partition(whole, unknown, againAt(recomputed)));
  }
  const { point, rest } = linearize(program, active, merging);
  const count = point.outputs.length;
  const residuals = rest.inputs.slice(0, count).map((v) => ops.input(v.aval, v.scope));
  const tangents = rest.inputs.slice(count);
  const cotangents = rest.outputs.map((a) => ops.input(a.aval));
  const results = transposeInto(ops, rest, [...residuals, ...tangents.map(() => undefined)], cotangents);
  return finalOf({ point, rest: ops.build(results.map((r, i) => ops.orZero(r, tangents[i]))) });
};

/** (…inputs, …cotangents of the outputs) → (…outputs, …cotangents of the active inputs). */
export const vjp = (program: Program, active: readonly boolean[], recomputed: number): Program => {
  const ops = newOps();
  const inputs = program.inputs.map((v) => ops.input(v.aval, v.scope));
  const { outputs, pullback } = vjpOf(ops, program, inputs, active, recomputed);
  const results = pullback(outputs.map((a) => ops.input(a.aval)));
  const targets = inputs.filter((_, i) => active[i]);
  return ops.build([...outputs, ...results.map((r, i) => ops.orZero(r, targets[i]))]);
};
