/** Joins what all groups know at the point into one program, or gives each tile its own copy of it. */

import { bytesOf } from '../ir/aval.ts';
import { pruned } from '../ir/builder.ts';
import type { Atom, Program } from '../ir/program.ts';
import type { Source } from '../pool/job.ts';
import { newOps } from '../primitives/table.ts';
import { outputsEarly } from '../transforms/outputs-early.ts';
import { replay } from '../transforms/replay.ts';
import { scratchPeakBytes } from './cost.ts';

/** The two programs that run at the point, one after the other, before the tile program. Null: nothing to do. */
export interface Stages {
  /** (…inputs of the recorded program) → (…known values); null: those inputs. */
  readonly point: Program | null;
  readonly tile: {
    /** (…known values) → (…known inputs of `program`). */
    readonly point: Program | null;
    readonly program: Program;
  };
}

export interface Joined {
  /** Null where no group needs a residual. */
  readonly point: Program | null;
  /** For each group, the tile program and where its known inputs come from. */
  readonly groups: readonly { readonly program: Program; readonly sources: Source[] }[];
}

/**
 * One point program for all groups, so that what several need is computed once, and for each group where its
 * known inputs come from. A residual that is an input of the program is taken from there.
 */
export const joinPoints = (program: Program, strands: readonly Stages[]): Joined => {
  const ops = newOps();
  // One group's program is as it is.
  const only = strands.length === 1 && strands[0].tile.point === null ? strands[0].point : null;
  const inputs = only ? only.inputs : ops.adoptInputs(program);
  const places = new Map<Atom, number>(inputs.map((v, i) => [v, i]));
  const outputs = new Map<Atom, number>();
  const sourceOf = (atom: Atom): Source => {
    const input = places.get(atom);
    if (input !== undefined) return { from: 'input', index: input };
    let index = outputs.get(atom);
    if (index === undefined) {
      index = outputs.size;
      outputs.set(atom, index);
    }
    return { from: 'residual', index };
  };
  const groups = strands.map(({ point, tile }) => {
    const known = only ? only.outputs : point ? replay(ops, point, inputs) : inputs;
    const sources = (tile.point ? replay(ops, tile.point, known) : known).map(sourceOf);
    return { program: tile.program, sources };
  });
  if (outputs.size === 0) return { point: null, groups };
  const residuals = [...outputs.keys()];
  return { point: inBestOrder(only ? pruned({ ...only, outputs: residuals }) : ops.build(residuals)), groups };
};

/** Bytes of values, all together, among which no order saves any to speak of. */
const LITTLE = 4 << 20;

const bytesOfAll = ({ equations }: Program): number => {
  let bytes = 0;
  for (let i = 0; i < equations.length; i++) bytes += bytesOf(equations[i].output.aval);
  return bytes;
};

/** With residuals as soon as they can be where that holds less beside them: they have their arrays from the start. */
const inBestOrder = (point: Program): Program => {
  if (bytesOfAll(point) < LITTLE) return point;
  const early = outputsEarly(point);
  return scratchPeakBytes(early) < scratchPeakBytes(point) ? early : point;
};

/** No point program: every tile program takes the recorded program's inputs and makes all that it needs of them. */
export const withoutPoint = (program: Program, strands: readonly Stages[]): Joined => ({
  point: null,
  groups: strands.map(({ point, tile }) => {
    const ops = newOps();
    const inputs = program.inputs.map((v) => ops.input(v.aval, v.scope));
    const known = point ? replay(ops, point, inputs) : inputs;
    const residuals = tile.point ? replay(ops, tile.point, known) : known;
    const seeds = tile.program.inputs.slice(residuals.length).map((v) => ops.input(v.aval, v.scope));
    return {
      program: ops.build(replay(ops, tile.program, [...residuals, ...seeds])),
      sources: inputs.map((_, index): Source => ({ from: 'input', index })),
    };
  }),
});

/** What tiles take of the inputs goes through the point program, too, so that it is brought to a device once per point. */
export const throughPoint = (program: Program, { point, groups }: Joined): Joined => {
  const inputs = point?.inputs ?? program.inputs;
  const outputs = [...(point?.outputs ?? [])];
  const places = new Map<number, number>();
  const resident = ({ from, index }: Source): Source => {
    if (from === 'residual') return { from, index };
    let place = places.get(index);
    if (place === undefined) {
      place = outputs.push(inputs[index]) - 1;
      places.set(index, place);
    }
    return { from: 'residual', index: place };
  };
  const moved = groups.map(({ sources, ...group }) => ({ ...group, sources: sources.map(resident) }));
  return { point: outputs.length === 0 ? null : { inputs, equations: point?.equations ?? [], outputs }, groups: moved };
};
