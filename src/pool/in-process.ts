/** Runs jobs on the calling thread, through the same loop and with the same semantics as the pool. */

import { getHeapStatistics } from 'node:v8';
import { threadId } from 'node:worker_threads';
import { tidying } from '../collect-garbage.ts';
import { noteEngine } from '../compile/hold-engine.ts';
import { DiffopsError } from '../errors.ts';
import type { Value } from '../ir/aval.ts';
import { blockOfTile } from '../stitch/block.ts';
import { TileMemory } from '../stitch/tile-memory.ts';
import { Engines, type LoadArtifact } from './engines.ts';
import type { Job } from './job.ts';
import { PROGRESS_EVERY } from './protocol.ts';
import { RunQueue } from './queue.ts';
import { residentBytes } from './resident.ts';
import { intoOf, jobsOf, Run, type RunOptions, type RunStats } from './run.ts';
import { type Execution, runJob } from './run-job.ts';
import { placeTile, viewsOf } from './serve.ts';

/**
 * What the heap of the calling thread may grow by in a run before it is collected; by so much of what it holds, where that
 * is more: the caller's own heap is collected with it.
 */
const UNTIDY = 2 ** 23;
const UNTIDY_SHARE = 1 / 4;

/** The one slot that a run in-process has. */
const SLOT = 0;

const deliverer = (run: Run, memory: TileMemory): ((execution: Execution, outputs: readonly Value[]) => void) => {
  const { job, control, sink } = run;
  const into = intoOf(sink);
  if (into) {
    const views = viewsOf(into, job, SLOT);
    return (execution, outputs) => placeTile(views, memory, job, control, execution, outputs);
  }
  return ({ tile, indices }, outputs) => {
    const { block, spoiled } = blockOfTile(job, memory, job.groups[tile.group], tile, outputs);
    run.receive(indices, block, spoiled);
  };
};

/** What a runtime needs of a place where jobs run: the pool's threads, or this thread. */
export interface Runner {
  /** Several jobs: one for each device of a mixed pool. */
  run(job: Job | readonly Job[], options: RunOptions): Promise<RunStats>;
  close(): Promise<void>;
}

export class InProcess implements Runner {
  readonly #engines: Engines;
  readonly #memory = new TileMemory();
  readonly #queue = new RunQueue((run) => this.#stint(run));

  constructor(load: LoadArtifact) {
    this.#engines = new Engines(load);
  }

  run(job: Job | readonly Job[], options: RunOptions): Promise<RunStats> {
    return this.#queue.submit(new Run([jobsOf(job)[0]], options, [1]));
  }

  get stats(): RunQueue['stats'] {
    return this.#queue.stats;
  }

  /** Rejects what waits and what runs with CLOSED, and lets go of all executables. */
  async close(): Promise<void> {
    await this.#queue.close();
    await this.#engines.clear();
  }

  async #stint(run: Run): Promise<void> {
    const { job, control } = run;
    noteEngine(run.artifacts.flat());
    control.occupy(SLOT, threadId);
    const tidy = tidying(Math.max(UNTIDY, UNTIDY_SHARE * getHeapStatistics().used_heap_size));
    let looked = Number.NEGATIVE_INFINITY;
    try {
      const { times, spans, failure } = await runJob({
        job,
        control,
        slot: SLOT,
        retry: [],
        since: performance.timeOrigin + performance.now(),
        engines: this.#engines,
        memory: this.#memory,
        artifact: (index) => run.artifact(SLOT, index),
        fixed: () => run.fixed,
        joinsRetries: true,
        deliver: deliverer(run, this.#memory),
        wait: async (seen) => {
          await run.changed(seen);
          return true;
        },
        breathe: () => {
          const now = performance.now();
          if (now - looked >= PROGRESS_EVERY) {
            looked = now;
            tidy();
            control.reportRss(residentBytes());
          }
          run.progress();
          // A whole turn of the loop, so that signals and timers are heard between tiles.
          return new Promise((resolve) => setImmediate(resolve));
        },
      });
      run.left(SLOT, { times, spans });
      if (failure) run.fail(failure.error, failure.tile);
    } catch (thrown) {
      run.left(SLOT);
      run.fail(DiffopsError.from(thrown));
    }
  }
}
