/** Turns linear programs around or drops their primal outputs: the three shapes in which columns and rows are pushed. */

import type { Program } from '../ir/program.ts';
import { newOps } from '../primitives/table.ts';
import { final } from './final.ts';
import { checkpointedVjpInto, vjpInto } from './grad.ts';
import { jvp } from './jvp.ts';
import { linearize } from './linearize.ts';
import { withOutputs } from './replay.ts';
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

/** Tangents of the active inputs → tangents of the outputs. With `checkpoint` the primal values are made again per seed. */
export const forwardOf = (
  program: Program,
  active: readonly boolean[],
  checkpoint: boolean,
  merging = true,
): Pushforward => {
  if (!checkpoint) return finalOf(linearize(program, active, merging));
  const count = program.outputs.length;
  return finalOf({ point: null, rest: withOutputs(jvp(program, active), count, 2 * count) });
};

/** Cotangents of the outputs → cotangents of the active inputs; a cotangent that is zero everywhere is a literal. */
export const reverseOf = (
  program: Program,
  active: readonly boolean[],
  checkpoint: boolean,
  merging = true,
): Pushforward => {
  const ops = newOps();
  if (checkpoint) {
    const inputs = program.inputs.map((v) => ops.input(v.aval, v.scope));
    const { outputs, pullback } = checkpointedVjpInto(ops, program, inputs, active, merging);
    const cotangents = outputs.map((a) => ops.input(a.aval));
    const results = pullback(cotangents);
    const targets = inputs.filter((_, i) => active[i]);
    return finalOf({ point: null, rest: ops.build(results.map((r, i) => ops.orZero(r, targets[i]))) });
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
export const vjp = (program: Program, active: readonly boolean[], checkpoint: boolean): Program => {
  const ops = newOps();
  const inputs = program.inputs.map((v) => ops.input(v.aval, v.scope));
  const { outputs, pullback } = (checkpoint ? checkpointedVjpInto : vjpInto)(ops, program, inputs, active);
  const results = pullback(outputs.map((a) => ops.input(a.aval)));
  const targets = inputs.filter((_, i) => active[i]);
  return ops.build([...outputs, ...results.map((r, i) => ops.orZero(r, targets[i]))]);
};
