/** A worker's half of a run: takes the brief, runs the loop, writes or sends tiles. */

import { threadId, workerData } from 'node:worker_threads';
import * as comlink from 'comlink';
import { tidying } from '../collect-garbage.ts';
import type { DiffopsError, SerializedError } from '../errors.ts';
import type { Value } from '../ir/aval.ts';
import { blockOfTile } from '../stitch/block.ts';
import { followCollection, type ResultMemory, stageOf } from '../stitch/result-memory.ts';
import { partOf, type Strips } from '../stitch/strip.ts';
import { TileMemory } from '../stitch/tile-memory.ts';
import { ALL_FINITE, type MatrixView, writeTile } from '../stitch/write-tile.ts';
import { Control } from './control.ts';
import { Engines, type LoadArtifact } from './engines.ts';
import type { Fixed, Job, Tile } from './job.ts';
import { announceLoaded } from './loading.ts';
import { type Brief, type Coordinator, PATIENCE, PROGRESS_EVERY, type Task, type TaskResult } from './protocol.ts';
import { residentBytes } from './resident.ts';
import { type Execution, type JobHead, runJob } from './run-job.ts';

type Shape = Pick<Job, 'dtype' | 'columns'>;

/** A memory as the matrix that begins at its front, for the thread in a slot to write to. */
const matrixView = (result: ResultMemory, { dtype, columns }: Shape, slot: number): MatrixView => {
  followCollection(result);
  const buffer = result.memory?.buffer ?? result.buffer;
  const data = dtype === 'float32' ? new Float32Array(buffer) : new Float64Array(buffer);
  return { data, row0: 0, column0: 0, stride: columns, stage: stageOf(result, slot, dtype) };
};

/** Where the thread in a slot writes each tile. */
export const viewsOf = (into: ResultMemory | Strips, job: Shape, slot: number): ((tile: Tile) => MatrixView) => {
  if (!('strips' in into)) {
    const whole = matrixView(into, job, slot);
    return () => whole;
  }
  const { matrix, strips, memories } = into;
  const fronts = memories.map((memory) => matrixView(memory, job, slot));
  return ({ strip = 0 }) => {
    const { row0, column0, columns } = partOf(matrix, strips[strip]);
    return { ...fronts[strip % 2], row0, column0, stride: columns, upper: matrix.placement === 'symmetric' };
  };
};

/** Writes a tile to its place, and says so in the control buffer. */
export const placeTile = (
  views: (tile: Tile) => MatrixView,
  memory: TileMemory,
  job: JobHead,
  control: Control,
  { tile, indices }: Execution,
  outputs: readonly Value[],
): void => {
  const spoiled = writeTile(views(tile), memory, job.groups[tile.group], tile, outputs);
  if (spoiled !== ALL_FINITE) control.reportSpoiled(spoiled);
  for (const index of indices) control.done(index, job.tiles[index]);
};

/**
 * What a thread's heap may grow by before its garbage is collected: what each of many tiles leaves outlives the small
 * young generation, and V8 would have let it grow by 17 MiB and more.
 */
const UNTIDY = 2 ** 22;

type Deliver = (execution: Execution, outputs: readonly Value[]) => void;

const sender = (
  job: JobHead,
  memory: TileMemory,
  coordinator: comlink.Remote<Coordinator>,
  pending: Set<Promise<void>>,
): Deliver => {
  return ({ tile, indices }, outputs) => {
    const { block, spoiled } = blockOfTile(job, memory, job.groups[tile.group], tile, outputs);
    const sent = coordinator.block(indices, comlink.transfer(block, [block.data.buffer as ArrayBuffer]), spoiled);
    pending.add(sent);
    void sent.then(() => pending.delete(sent));
  };
};

/** An error in a form that a port accepts, whatever its fields hold. */
const portable = (error: DiffopsError): SerializedError => {
  const plain = error.serialize();
  try {
    return structuredClone(plain);
  } catch {
    const fields = Object.fromEntries(Object.entries(plain.fields).map(([name, value]) => [name, String(value)]));
    return { ...plain, fields };
  }
};

/** What a thread keeps from task to task. */
interface Thread {
  readonly engines: Engines;
  readonly memory: TileMemory;
  readonly tidy: () => void;
  /** What was fixed in its last job. */
  fixed: Fixed | undefined;
}

const work = async (
  brief: Brief,
  control: Control,
  coordinator: comlink.Remote<Coordinator>,
  thread: Thread,
): Promise<TaskResult> => {
  const { job, slot } = brief;
  control.occupy(slot, threadId);
  const pending = new Set<Promise<void>>();
  const views = brief.into && viewsOf(brief.into, job, slot);
  const deliver: Deliver = views
    ? (execution, outputs) => placeTile(views, thread.memory, job, control, execution, outputs)
    : sender(job, thread.memory, coordinator, pending);
  let spoke = Number.NEGATIVE_INFINITY;
  const breathe = (): void | Promise<void> => {
    const now = performance.now();
    if (now - spoke < PROGRESS_EVERY) return;
    spoke = now;
    thread.tidy();
    control.reportRss(residentBytes());
    if (brief.progress) void coordinator.progress();
    // Lets the port deliver the replies, which would pile up behind a loop that never ends its turn.
    return new Promise((resolve) => setImmediate(resolve));
  };
  const stint = await runJob({
    job,
    control,
    slot,
    retry: brief.retry,
    since: brief.since,
    engines: thread.engines,
    memory: thread.memory,
    artifact: (index) => coordinator.artifact(index),
    fixed: async () => {
      if (thread.fixed?.key !== job.fixed) thread.fixed = { key: job.fixed, values: await coordinator.fixed() };
      return thread.fixed.values;
    },
    joinsRetries: brief.into !== null,
    deliver,
    wait: (seen) => control.pause(seen, PATIENCE),
    breathe,
  });
  // The task's result goes another way than the blocks: it must not overtake them.
  await Promise.all(pending);
  const { ending, times, spans, failure } = stint;
  return {
    threadId,
    ending,
    times,
    spans,
    ...(failure ? { failure: { error: portable(failure.error), tile: failure.tile } } : {}),
  };
};

/**
 * To be called once, as the worker's module loads: gives the function that piscina calls in a worker. Whatever is thrown and is not a DiffopsError ends the thread: its state
 * can't be trusted, and a fresh one takes over.
 */
export const serve = (load: LoadArtifact): ((task: Task) => Promise<TaskResult>) => {
  announceLoaded(workerData);
  const thread: Thread = {
    engines: new Engines(load),
    memory: new TileMemory(),
    tidy: tidying(UNTIDY),
    fixed: undefined,
  };
  return async ({ port, brief, offer }) => {
    const control = Control.of(brief.control, brief.job.tiles.length);
    // It may have waited in the queue while its run ended.
    if (!control.take(brief.slot, offer))
      return { threadId, ending: 'stopped', times: { load: 0, run: 0, stitch: 0 }, spans: [] };
    const coordinator = comlink.wrap<Coordinator>(port as unknown as comlink.Endpoint);
    try {
      return await work(brief, control, coordinator, thread);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
      return new Promise(() => {});
    }
  };
};
