/** Evaluates a problem into a file: strips of the matrix are computed, written and forgotten, until the file is whole. */

import { performance } from 'node:perf_hooks';
import { DiffopsError } from './errors.ts';
import { tilesOfStrips } from './file/cut.ts';
import { divisionOf, heldBytes, turnBytes } from './file/division.ts';
import { fileError } from './file/file-error.ts';
import { FileMatrix } from './file/file-matrix.ts';
import { identityOf } from './file/identity.ts';
import type { Out } from './file/out.ts';
import { beginFile, dropFile, finishFile, leaveFile, type Unfinished } from './file/unfinished.ts';
import type { WriterSays } from './file/write-strips.ts';
import { writeInThread } from './file/writer-thread.ts';
import { planOfRun } from './planning.ts';
import { onAbort } from './pool/abort.ts';
import type { Control } from './pool/control.ts';
import type { Job } from './pool/job.ts';
import type { RunStats } from './pool/run.ts';
import { type Evaluation, nonFinite, progressListener, reportOf } from './prepared.ts';
import { jobsOf, type Problem } from './problem.ts';
import type { Runners } from './runners.ts';
import { goesAcross, newResultMemory, type ResultMemory } from './stitch/result-memory.ts';
import { type StripedMatrix, type Strips, tilesByStrip } from './stitch/strip.ts';
import { unflattenVector, valuesOf } from './unflatten.ts';

const identityFor = ({
  recording,
  x,
  data,
  precision,
  parts,
  settings,
  kind,
}: Problem): ReturnType<typeof identityOf> =>
  identityOf({
    program: recording.program,
    constants: recording.constants,
    x: valuesOf(x, precision),
    data: data ? valuesOf(data, precision) : [],
    options: {
      kind,
      precision,
      nbatches: settings.nbatches,
      checkpoint: settings.checkpoint,
      mode: settings.mode,
      symmetric: settings.symmetric,
      jit: settings.jit,
      device: parts.map(({ device }) => device).join(', '),
    },
    plans: parts.map(({ planned }) => planned),
  });

/** Two memories for strips, each as large as the largest of those that take turns in it. */
const memoriesFor = (
  matrix: StripedMatrix,
  { strips }: Unfinished,
  { parts }: Problem,
  workers: number,
): [ResultMemory, ResultMemory] => {
  const groups = parts.flatMap(({ planned }) => planned.groups);
  const slots = groups.some(goesAcross) ? Math.max(1, workers) : 0;
  const [even, odd] = turnBytes(matrix, strips);
  try {
    return [newResultMemory(even, slots), newResultMemory(odd, slots)];
  } catch (cause) {
    throw new DiffopsError(
      'MEMORY_LIMIT',
      `strips of ${even} and ${odd} bytes can't be had. Give a smaller memoryLimit.`,
      { bytes: even + odd },
      { cause },
    );
  }
};

/** Runs a problem at its point and writes the matrix to `out`. What is done stays there if the run ends before. */
export const evaluateToFile = async (problem: Problem, runners: Runners, out: Out): Promise<Evaluation<FileMatrix>> => {
  const { planned, x, memoryLimit, fresh } = problem;
  const division = divisionOf(planned, out.format, memoryLimit);
  const { matrix } = division;
  const identity = identityFor(problem);
  const file = await beginFile(out, { matrix, identity, aim: { memoryLimit, fresh }, division });
  const staff = runners.staffFor(problem);
  const total = staff.reduce((sum, { workers }) => sum + workers, 0);
  let written = file.done.length;
  try {
    const memories = memoriesFor(matrix, file, problem, total);
    const plan = planOfRun(problem, staff, heldBytes(matrix, file.strips));
    const tiles = tilesOfStrips(planned.groups, file.strips);
    const jobs = jobsOf(problem, x, problem.fixed, runners.placesFor(problem), { tiles, strips: file.strips });
    const began = performance.now();
    const compiledBefore = problem.phases.compile;
    const strips = { matrix, strips: file.strips, memories };
    const stats = await runToFile(problem, runners, jobs, file, strips, () => {
      written++;
    });
    const compiling = problem.phases.compile - compiledBefore;
    const report = reportOf(problem, plan, stats, Math.max(0, performance.now() - began - compiling), tiles);
    finishFile(file);
    const inFile = { path: out.path, layout: file.target.layout, dtype: matrix.dtype, columns: matrix.columns };
    return {
      part: (shape, row0) => new FileMatrix(inFile, shape, row0),
      unflatten: (flat) => unflattenVector(x, flat) as never,
      report,
    };
  } catch (error) {
    // There may be nothing in it that anyone could go on with.
    if (written === 0) dropFile(file);
    else leaveFile(file);
    throw error;
  }
};

/** Computes and writes what the file lacks; resolves when all is written, and no thread works on it. */
const runToFile = async (
  problem: Problem,
  runners: Runners,
  jobs: readonly Job[],
  { done, seedsDone, numbers, target }: Unfinished,
  strips: Strips,
  onWritten: () => void,
): Promise<RunStats> => {
  const { settings, x, kind } = problem;
  const stop = new AbortController();
  const refuseSpoiled = (column: number): void => {
    if (settings.checkFinite && column >= 0) stop.abort(nonFinite(x, column, kind));
  };
  for (const { spoiled } of done) refuseSpoiled(spoiled);
  const { signal, onProgress } = settings;
  const deafen = signal ? onAbort(signal, () => stop.abort(signal.reason)) : () => {};
  let writing: Promise<void> = Promise.resolve();
  const begin = (control: Control, changed: () => void): void => {
    const hear = (message: WriterSays): void => {
      if (message.says !== 'written') return;
      onWritten();
      changed();
      refuseSpoiled(message.spoiled);
    };
    // The run may be over, and the file not.
    onAbort(stop.signal, () => control.stop());
    const tiles = tilesByStrip(strips.strips, jobs[0].tiles);
    writing = writeInThread({ order: 'write', target, control: control.head, tiles, strips, numbers }, hear).catch(
      (cause) => stop.abort(fileError(cause, 'written', target.path, true)),
    );
  };
  try {
    const run = runners.for(problem).run(jobs, {
      sink: { kind: 'strips', strips, begin },
      signal: stop.signal,
      onTile: progressListener(onProgress, seedsDone),
    });
    const stats = await run.finally(() => writing);
    stop.signal.throwIfAborted();
    return stats;
  } finally {
    deafen();
  }
};
