/** The pool: runs jobs on threads, replaces the threads that die, and leaves none behind. */

import { MessageChannel, type ResourceLimits } from 'node:worker_threads';
import * as comlink from 'comlink';
import { BoundedCache } from '../bounded-cache.ts';
import type { Artifact } from '../compile/executable.ts';
import { holdEngine, needsEngine } from '../compile/hold-engine.ts';
import { DiffopsError } from '../errors.ts';
import type { Value } from '../ir/aval.ts';
import { workerFile } from '../worker-file.ts';
import { guard, unguard } from './exit-guard.ts';
import type { Runner } from './in-process.ts';
import { forThreads } from './inputs.ts';
import type { Job } from './job.ts';
import type { Brief, Coordinator, TaskResult } from './protocol.ts';
import { RunQueue } from './queue.ts';
import { intoOf, jobsOf, type Pace, Run, type RunOptions, type RunStats } from './run.ts';
import { Threads, type ThreadsOptions, type Ticket } from './threads.ts';

export interface PoolOptions {
  /** How many threads there are at most; of a mixed pool, of all its devices together. */
  readonly workers: number;
  /** The same for each device of a mixed pool. */
  readonly devices?: ReadonlyMap<string, number> | undefined;
  readonly resourceLimits?: ResourceLimits | undefined;
  /** The module that threads run, for tests with an engine of their own. */
  readonly file?: URL | undefined;
}

export interface PoolStats {
  readonly workers: number;
  /** Threads that are there, warm or at work, and the tiles that each has done. */
  readonly threads: readonly { readonly threadId: number; readonly tiles: number }[];
  readonly running: boolean;
  readonly queued: number;
  readonly runsDone: number;
  /** Threads that died and were replaced. */
  readonly deaths: number;
}

const PACES_KEPT = 64;

/** A task that a thread has been given. */
interface Handed {
  readonly ticket: Ticket;
  /** Stops waiting for a thread that has claimed nothing, since it is still loading; it goes on doing so. */
  leave(): void;
}

/** A thread that loads for a run which ended without it. */
interface Late {
  readonly run: Run;
  readonly over: Promise<void>;
}

/** Values on their way to threads, made once for all of them. */
const travelling = new WeakMap<readonly Value[], readonly Value[]>();

const shared = (values: readonly Value[]): readonly Value[] => {
  const known = travelling.get(values) ?? values.map(forThreads);
  travelling.set(values, known);
  return known;
};

export class Pool implements Runner {
  readonly workers: number;
  readonly #options: PoolOptions;
  readonly #queue = new RunQueue((run) => this.#stint(run));
  readonly #tiles = new Map<number, number>();
  /** What threads have loaded, most of it. */
  readonly #known = new WeakSet<Artifact>();
  /** By device, since no thread has the contexts of two. */
  readonly #threads = new Map<string, Threads>();
  /** By the key of a job's first program. */
  readonly #paces = new BoundedCache<Pace>(PACES_KEPT);
  readonly #late = new Set<Late>();
  #deaths = 0;
  #closing: Promise<void> | undefined;

  constructor(options: PoolOptions) {
    this.workers = options.workers;
    this.#options = options;
  }

  /**
   * Runs a job; rejects with the signal's reason, with the DiffopsError that the job's programs raised, with
   * WORKER_LOST when too many threads died, with CLOSED. In any case no thread works on it any more by then, but that one of
   * a mixed pool may still load what it has for the next run.
   */
  run(job: Job | readonly Job[], options: RunOptions): Promise<RunStats> {
    const jobs = jobsOf(job);
    const inputs = jobs[0].inputs.map(forThreads);
    const most = Math.min(this.workers, options.mostWorkers ?? this.workers);
    const run = new Run(
      jobs.map((each) => ({ ...each, inputs })),
      options,
      jobs.map(({ share }) => share?.workers ?? most),
    );
    const artifacts = jobs.flatMap((each) => each.artifacts);
    if (jobs.length > 1) this.#recallPaces(run, jobs);
    // A consumer of blocks or strips gets them in order.
    const inOrder = options.sink.kind !== 'matrix' || jobs.length > 1;
    if (!inOrder && artifacts.some((artifact) => !this.#known.has(artifact))) run.control.divide();
    run.promise.then(
      (stats) => {
        this.#count(stats);
        if (jobs.length > 1) this.#keepPaces(run, jobs);
        for (const artifact of artifacts) this.#known.add(artifact);
      },
      () => {},
    );
    return this.#queue.submit(run);
  }

  stats(): PoolStats {
    return {
      workers: this.workers,
      threads: [...this.#threads.values()]
        .flatMap(({ ids }) => ids)
        .map((threadId) => ({ threadId, tiles: this.#tiles.get(threadId) ?? 0 })),
      ...this.#queue.stats,
      deaths: this.#deaths,
    };
  }

  /** Threads of a device that are there, or starting. */
  threadsOn(device: string): number {
    return this.#threads.get(device)?.ids.length ?? 0;
  }

  /** Rejects what waits and what runs with CLOSED, lets the tiles at work finish, and ends the threads. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.close().then(async () => {
      for (const { run } of this.#late) run.control.stop();
      await Promise.all([...this.#late].map(({ over }) => over));
      const all = [...this.#threads.values()];
      this.#threads.clear();
      await Promise.all(all.map((threads) => threads.close()));
    });
    return this.#closing;
  }

  async #stint(run: Run): Promise<void> {
    // Where it can't be loaded, the threads will say so.
    await holdEngine(run.artifacts.flat()).catch(() => {});
    if (run.over) return;
    const handed = new Set<Handed>();
    const dismiss = (): void => {
      for (const { ticket, leave } of [...handed]) {
        ticket.cancel();
        leave();
      }
    };
    void run.failed.then(dismiss);
    guard(run.control);
    const lanes = Array.from({ length: Math.min(run.control.slots, run.tilesLeft) }, async (_, slot) => {
      await this.#lane(run, slot, handed);
      // Threads that are still starting, or loading, are not waited for when there is nothing left to do.
      if (run.over) dismiss();
    });
    await Promise.all(lanes);
    const late = [...this.#late].filter((one) => one.run === run);
    void Promise.all(late.map(({ over }) => over)).then(() => unguard(run.control));
  }

  /** One thread at work on the run, and after its death, or when a slow consumer has caught up, another one. */
  async #lane(run: Run, slot: number, handed: Set<Handed>): Promise<void> {
    let retry: readonly number[] = [];
    do {
      try {
        const result = await this.#task(run, slot, retry, handed);
        if (result === 'late') return;
        retry = [];
        const error = result?.failure && DiffopsError.deserialize(result.failure.error);
        run.left(slot, result);
        if (error && run.movesFrom(slot, error)) {
          retry = run.control.claimedBy(slot);
          continue;
        }
        if (error) run.fail(error, result?.failure?.tile);
        if (result?.ending !== 'yielded') return;
        await run.room();
        if (run.control.yielding) return;
      } catch (reason) {
        this.#deaths++;
        retry = run.lost(slot, reason);
      }
    } while (!run.over && (retry.length > 0 || run.control.hasOpen));
  }

  async #task(
    run: Run,
    slot: number,
    retry: readonly number[],
    handed: Set<Handed>,
  ): Promise<TaskResult | 'late' | undefined> {
    const { head, device } = run.jobOf(slot);
    const threads = this.#threadsOf(device, run);
    const { port1, port2 } = new MessageChannel();
    const coordinator: Coordinator = {
      artifact: (index) => run.artifact(slot, index),
      fixed: () => shared(run.fixed),
      progress: () => run.progress(),
      block: (indices, block, spoiled) => run.receive(indices, block, spoiled),
    };
    comlink.expose(coordinator, port1 as unknown as comlink.Endpoint);
    const { control, sink } = run;
    const brief: Brief = {
      job: head,
      control: control.head,
      slot,
      retry,
      since: performance.timeOrigin + performance.now(),
      into: intoOf(sink),
      progress: run.wantsProgress,
    };
    const offer = run.nextTask();
    control.offer(slot, offer);
    const ticket = threads.submit({ port: port2, brief, offer }, () => control.take(slot, offer));
    let one!: Handed;
    const left = new Promise<'late'>((resolve) => {
      one = { ticket, leave: () => control.isLoading(slot) && resolve('late') };
    });
    handed.add(one);
    const finished = ticket.result.finally(() => {
      // It closes in a turn to come; until then its listener would hold the run, and with it the result.
      port1.removeAllListeners('message');
      port1.close();
    });
    const result = await Promise.race([finished, left]).finally(() => handed.delete(one));
    if (result === 'late') {
      run.leftLoading(slot, brief.since);
      this.#await(run, finished);
    }
    return result;
  }

  /** A thread that fails meanwhile does so again in a run that needs it. */
  #await(run: Run, finished: Promise<unknown>): void {
    const over = finished.then(
      () => {},
      () => {
        this.#deaths++;
      },
    );
    const late = { run, over };
    this.#late.add(late);
    void over.then(() => this.#late.delete(late));
  }

  /** So that a device that is too slow to be of use is known to be from the second run of a program on. */
  #recallPaces(run: Run, jobs: readonly Job[]): void {
    for (const [device, { artifacts }] of jobs.entries()) {
      const pace = this.#paces.get(artifacts[0]?.key);
      if (pace) run.expectPace(device, pace);
    }
  }

  #keepPaces(run: Run, jobs: readonly Job[]): void {
    for (const [device, { artifacts }] of jobs.entries()) {
      const pace = run.paceOn(device);
      if (pace && artifacts.length > 0) this.#paces.set(artifacts[0].key, pace);
    }
  }

  /** Threads start with their first task. */
  #threadsOf(device: string, run: Run): Threads {
    const known = this.#threads.get(device);
    if (known) return known;
    const options: ThreadsOptions = {
      ...this.#options,
      workers: this.#options.devices?.get(device) ?? this.workers,
      file: this.#options.file ?? workerFile('tile-worker'),
      engine: needsEngine(run.artifactsOn(device)),
    };
    const threads = new Threads(options);
    this.#threads.set(device, threads);
    return threads;
  }

  #count(stats: RunStats): void {
    for (const { threadId, tiles } of stats.workers) {
      this.#tiles.set(threadId, (this.#tiles.get(threadId) ?? 0) + tiles);
    }
  }
}
