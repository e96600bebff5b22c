/** A prepared problem: recorded, planned and compiled once, evaluated at any point of the same structure. */

import { performance } from 'node:perf_hooks';
import type * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from './errors.ts';
import { bytesPerElement, type Shape, sizeOf } from './ir/aval.ts';
import { Matrix } from './matrix.ts';
import type { NdArray } from './nd-array.ts';
import { type EvaluateOptions, type EvaluateSettings, evaluateSettingsOf, type Progress } from './options.ts';
import { describeTimeline } from './plan/describe-timeline.ts';
import { formatBytes, formatCount } from './plan/format.ts';
import { heaviestFirst } from './plan/heaviest-first.ts';
import { matrixBytes } from './plan/memory.ts';
import type { Plan, PlanSummary } from './plan/plan.ts';
import { planOfRun } from './planning.ts';
import type { Fixed, Tile } from './pool/job.ts';
import type { RunStats, Stretch, Progress as TileProgress } from './pool/run.ts';
import { fixedOf, flattenData, jobsOf, type Problem } from './problem.ts';
import { type Flat, flattenTree } from './pytree.ts';
import type { Runners } from './runners.ts';
import { goesAcross, makeRoom, newResultMemory, type ResultMemory } from './stitch/result-memory.ts';
import type { LikeX } from './tree-types.ts';
import { checkSameStructure, unflattenVector } from './unflatten.ts';

/** Milliseconds per stage. `run` is the whole run; `stitch` is the part of it spent in writing tiles, per worker on average. */
export interface Phases {
  readonly record: number;
  readonly transform: number;
  readonly compile: number;
  readonly run: number;
  readonly stitch: number;
}

/** What a finished call says about itself: its plan, and what only the run could know. `String(report)` prints it. */
export interface Report extends PlanSummary {
  /** Growth of the process' resident memory during the run. */
  readonly peakBytes: number;
  readonly phases: Phases;
  /** Columns (rows in reverse mode) per second of `run`. */
  readonly columnsPerSecond: number;
  /** Which thread computed how many tiles. */
  readonly threads: readonly { readonly threadId: number; readonly tiles: number }[];
  /** On several devices: which worker computed which columns when. */
  readonly timeline?: readonly Stretch[];
  toString(): string;
}

/** A vector of length n (typed array or tensor) as a tree like x. */
export type Unflatten<X = unknown> = (flat: Float32Array | Float64Array | NdArray | tf.Tensor) => LikeX<X>;

/** All rows of the matrix, flattened outputs by flattened inputs, before they get their public shapes. */
export interface Evaluation<M = Matrix> {
  /** The rows from `row0` on, as many as fill the shape `[...y.shape, n]`. */
  part(shape: Shape, row0: number): M;
  readonly unflatten: Unflatten<never>;
  readonly report: Report;
}

/** Progress in seeds as the caller knows it: columns and a time to go. `before`: seeds that an earlier run did. */
export const progressListener = (
  onProgress: ((progress: Progress) => void) | undefined,
  before = 0,
): ((progress: TileProgress) => void) | undefined => {
  if (!onProgress) return undefined;
  const began = performance.now();
  return ({ seedsDone, seedsTotal }) => {
    const perSeed = (performance.now() - began) / Math.max(seedsDone, 1);
    onProgress({
      columnsDone: before + seedsDone,
      columnsTotal: before + seedsTotal,
      etaMs: perSeed * (seedsTotal - seedsDone),
    });
  };
};

/** The error for a result that isn't finite, naming the column by the leaf that it belongs to. */
export const nonFinite = (x: Flat, column: number, name: string): DiffopsError => {
  const leaf = x.leaves.findLast((candidate) => candidate.size > 0 && candidate.offset <= column);
  const path = leaf ? `${leaf.path}, element ${column - leaf.offset}` : 'x';
  return new DiffopsError(
    'NON_FINITE',
    `the ${name} has a NaN or an infinity, first in column ${column} (${path}). ` +
      'Look there for a division by zero, log or sqrt at 0, or an overflow; checkFinite: false lets it through.',
    { column, leaf: leaf?.path, element: leaf ? column - leaf.offset : undefined },
  );
};

const allocate = async (
  { planned, parts, memoryLimit }: Problem,
  { workers, estimatedPeakBytes }: Plan,
): Promise<ResultMemory> => {
  const { rows, columns, dtype } = planned;
  const groups = parts.flatMap((part) => part.planned.groups);
  const bytes = rows * columns * bytesPerElement(dtype);
  const slots = groups.some(goesAcross) ? Math.max(1, workers) : 0;
  // With the results before it, it may take what the rest of the call leaves of the limit: half of it, for a thread that
  // had nothing to do may hold as many that the others have let go of.
  const room = (memoryLimit - estimatedPeakBytes + bytes) / 2;
  await makeRoom(bytes, room);
  try {
    return newResultMemory(bytes, slots, room);
  } catch (cause) {
    throw new DiffopsError(
      'MEMORY_LIMIT',
      `the ${rows} × ${columns} matrix needs ${bytes} bytes, which can't be had in one piece. ` +
        `Use hessianBlocks or jacobianBlocks${dtype === 'float64' ? ", or precision: 'float32'" : ''}.`,
      { rows, columns, bytes },
      { cause },
    );
  }
};

/** The report of a run of these tiles. */
export const reportOf = (
  { phases }: Problem,
  plan: Plan,
  stats: RunStats,
  runMs: number,
  tiles: readonly Tile[],
): Report => {
  const seeds = tiles.reduce((sum, tile) => sum + tile.count, 0);
  const report = {
    ...plan.summary(),
    peakBytes: Math.max(0, stats.rss.peak - stats.rss.before),
    phases: { ...phases, run: runMs, stitch: stats.times.stitch / Math.max(1, stats.workers.length) },
    columnsPerSecond: (1000 * seeds) / Math.max(runMs, 1e-3),
    threads: stats.workers,
    ...(stats.timeline.length > 0 ? { timeline: stats.timeline } : {}),
  };
  // Not enumerable: a report is data, and goes into JSON or a message as it is.
  Object.defineProperty(report, 'toString', { value: () => describeReport(report, plan) });
  return report;
};

const describeReport = ({ phases, peakBytes, columnsPerSecond, threads, timeline }: Report, plan: Plan): string => {
  const times = Object.entries(phases).map(([phase, ms]) => `${phase} ${ms.toFixed(1)}`);
  return [
    String(plan),
    `  took       ${times.join(', ')} ms`,
    `  speed      ${formatCount(columnsPerSecond)}columns/s on ${threads.length || 1} thread(s)`,
    `  measured   ${formatBytes(peakBytes)} growth of resident memory`,
    ...(timeline ? describeTimeline(timeline) : []),
  ].join('\n');
};

/** Runs a problem at a point; the caller checked that the point has the problem's structure. */
export const evaluateAt = async (
  problem: Problem,
  runners: Runners,
  x: Flat,
  fixed: Fixed,
  options: Pick<EvaluateSettings, 'signal' | 'onProgress'>,
): Promise<Evaluation> => {
  const { planned, settings } = problem;
  const plan = planOfRun(problem, runners.staffFor(problem), matrixBytes(planned));
  const result = await allocate(problem, plan);
  const tiles = heaviestFirst(planned);
  const jobs = jobsOf(problem, x, fixed, runners.placesFor(problem), { tiles });
  const began = performance.now();
  const compiledBefore = problem.phases.compile;
  const stats = await runners.for(problem).run(jobs, {
    sink: { kind: 'matrix', result },
    signal: options.signal,
    onTile: progressListener(options.onProgress),
  });
  // What was compiled meanwhile is a phase of its own.
  const compiling = problem.phases.compile - compiledBefore;
  const report = reportOf(problem, plan, stats, Math.max(0, performance.now() - began - compiling), tiles);
  if (settings.checkFinite && stats.spoiled >= 0) throw nonFinite(x, stats.spoiled, problem.kind);
  const { rows, columns } = planned;
  const size = rows * columns;
  const { buffer } = result;
  const numbers = planned.dtype === 'float64' ? new Float64Array(buffer, 0, size) : new Float32Array(buffer, 0, size);
  return {
    part: (shape, row0) => new Matrix(shape, numbers.subarray(row0 * columns, row0 * columns + sizeOf(shape))),
    unflatten: (flat) => unflattenVector(x, flat) as never,
    report,
  };
};

/** What `prepareHessian` and `prepareJacobian` give; `Result` is what the bare function gives. */
export class Prepared<X, D, Result> {
  readonly plan: Plan;
  readonly #problem: Problem;
  readonly #runners: Runners;
  readonly #finish: (evaluation: Evaluation, problem: Problem) => Result;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(problem: Problem, runners: Runners, finish: (evaluation: Evaluation, problem: Problem) => Result) {
    this.#problem = problem;
    this.#runners = runners;
    this.#finish = finish;
    this.plan = planOfRun(problem, runners.staffFor(problem), matrixBytes(problem.planned));
  }

  /**
   * The matrix at any x (and data) of the prepared structure. Overlapping calls are queued. `data`, `signal` and
   * `onProgress` given to prepare stand where this call has none.
   */
  readonly evaluate = async (x: X | LikeX<X>, options?: EvaluateOptions<D>): Promise<Result> => {
    if (this.#closed) {
      throw new DiffopsError('CLOSED', 'this prepared problem was closed; prepare it again to evaluate it.');
    }
    const given = evaluateSettingsOf(options);
    const { checkFinite: finite, ...prepared } = this.#problem.settings;
    const signal = given.signal ?? prepared.signal;
    const onProgress = given.onProgress ?? prepared.onProgress;
    signal?.throwIfAborted();
    const flat = flattenTree(x, { name: 'x', finite, differentiated: true });
    checkSameStructure(this.#problem.x, flat, 'x');
    const fixed = this.#fixedFor(given.data, finite);
    const run = evaluateAt(this.#problem, this.#runners, flat, fixed, { signal, onProgress });
    this.#running.add(run);
    try {
      return this.#finish(await run, this.#problem);
    } finally {
      this.#running.delete(run);
    }
  };

  #fixedFor(data: unknown, finite: boolean): Fixed {
    const recorded = this.#problem.data;
    // Without new data the data of prepare stands.
    if (data === undefined) return this.#problem.fixed;
    const flat = flattenData(data, finite) as Flat;
    if (!recorded) {
      throw new DiffopsError(
        'INPUT',
        'evaluate got data, but f was prepared without; give prepare a data tree of the same structure.',
      );
    }
    checkSameStructure(recorded, flat, 'data');
    return fixedOf(this.#problem, flat);
  }

  /** Lets evaluations that are under way finish; later ones reject with CLOSED. */
  readonly close = async (): Promise<void> => {
    this.#closed = true;
    await Promise.allSettled(this.#running);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
