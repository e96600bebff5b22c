/** Plans a subject with levers set, and times the programs of plans on one thread, in alternation. */

import type { DeviceName } from '../src/device-traits.ts';
import type { Value } from '../src/ir/aval.ts';
import { pruned } from '../src/ir/builder.ts';
import { isVar, type Program } from '../src/ir/program.ts';
import type { Levers } from '../src/plan/levers.ts';
import type { Planned } from '../src/plan/plan.ts';
import { planHessian, planJacobian } from '../src/plan/planner.ts';
import { seedsOf } from '../src/pool/run-job.ts';
import type { Problem } from '../src/problem.ts';
import { blockOfTile } from '../src/stitch/block.ts';
import { TileMemory } from '../src/stitch/tile-memory.ts';
import { type MatrixView, writeTile } from '../src/stitch/write-tile.ts';
import { valuesAt } from './engine-profile.ts';
import { loadOn } from './load-on.ts';
import { type Subject, sourcesOf } from './subject.ts';

/** What a plan is made with, where it isn't as by default. */
interface PlanSettings {
  readonly levers?: Partial<Levers>;
  /** So many blocks. */
  readonly nbatches?: number | 'auto';
  readonly device?: DeviceName;
}

export const planWith = (
  { matrix, streamed }: Subject,
  { recording, x, precision, planned }: Problem,
  { levers = {}, nbatches = 'auto', device = 'cpu' }: PlanSettings,
): Planned => {
  const { program } = recording;
  const request = { program, leaves: x.leaves.length, precision, device, nbatches, recomputed: 0, levers };
  if (matrix === 'hessian') return planHessian(request, !streamed);
  return planJacobian(request, planned.facts.mode === 'reverse' ? 'reverse' : 'forward');
};

/** A plan with what its programs take, at a point. */
export interface AtPoint {
  readonly planned: Planned;
  readonly inputs: readonly Value[];
  readonly residuals: readonly Value[];
}

export const atPoint = async (planned: Planned, inputs: readonly Value[]): Promise<AtPoint> => {
  return { planned, inputs, residuals: planned.point ? await valuesAt(planned.point, inputs) : [] };
};

/** What is timed by the processor time of a run. */
export interface Timed {
  /** Microseconds of the processor. */
  run(): Promise<number>;
  release(): Promise<void>;
}

/** A matrix larger than this is never held: its tiles become blocks. */
const HELD_BYTES = 2 ** 29;

/** The matrices that tiles are written to; each is of all plans of its size. */
const views = new Map<string, MatrixView>();

const viewOf = ({ rows, columns, dtype }: Planned): MatrixView | undefined => {
  const Data = dtype === 'float64' ? Float64Array : Float32Array;
  if (rows * columns * Data.BYTES_PER_ELEMENT > HELD_BYTES) return undefined;
  const key = `${rows} ${columns} ${dtype}`;
  const view = views.get(key) ?? { data: new Data(rows * columns), row0: 0, column0: 0, stride: columns };
  views.set(key, view);
  return view;
};

/** A group's tile in its middle, from its seeds to its place in the matrix. */
export const loadTile = async ({ planned, inputs, residuals }: AtPoint, group: number): Promise<Timed> => {
  const own = planned.tiles.filter((tile) => tile.group === group);
  const tile = own[own.length >> 1];
  const part = { ...planned.groups[group], artifact: group };
  const operands = [...sourcesOf(part, inputs, residuals), seedsOf(part, tile)];
  const loaded = await loadOn(part.engine, part.program, operands);
  const memory = new TileMemory();
  const view = viewOf(planned);
  return {
    run: async () => {
      const computing = await loaded.run();
      // As in a worker, results are computed where they are written from.
      const values = memory.place(loaded.values());
      const outputs = loaded.values().map((value, k) => ({ ...value, data: values[k].array }));
      const began = process.cpuUsage();
      if (view) writeTile(view, memory, part, tile, outputs);
      else blockOfTile(planned, memory, part, tile, outputs);
      const { user, system } = process.cpuUsage(began);
      return computing + user + system;
    },
    release: () => loaded.release(),
  };
};

export const tilesOf = ({ tiles }: Planned, group: number): number =>
  tiles.filter((tile) => tile.group === group).length;

/** The part of the point program that a group needs; null: none. */
export const pointFor = ({ point, groups }: Planned, group: number): Program | null => {
  const indices = new Set(groups[group].sources.filter(({ from }) => from === 'residual').map(({ index }) => index));
  const outputs = point?.outputs.filter((a, k) => indices.has(k) && isVar(a)) ?? [];
  return point && outputs.length > 0 ? pruned({ ...point, outputs }) : null;
};

/** Microseconds of the processor in the fastest run of each, run in turns; `undefined` takes none. */
export const fastestOf = async (
  programs: readonly (Timed | undefined)[],
  { milliseconds, rounds }: { readonly milliseconds: number; readonly rounds: number },
): Promise<number[]> => {
  const least = programs.map((loaded) => (loaded ? Number.POSITIVE_INFINITY : 0));
  for (const loaded of programs) await loaded?.run();
  const end = performance.now() + milliseconds;
  for (let round = 0; round < rounds || performance.now() < end; round++) {
    for (const [k, loaded] of programs.entries()) if (loaded) least[k] = Math.min(least[k], await loaded.run());
  }
  return least;
};
