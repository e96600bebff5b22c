/** The pool: runs jobs on threads, replaces the threads that die, and leaves none behind. */

import { MessageChannel, type ResourceLimits } from 'node:worker_threads';
import * as comlink from 'comlink';
import type { Artifact } from '../compile/executable.ts';
import { holdEngine, needsEngine } from '../compile/hold-engine.ts';
import { DiffopsError } from '../errors.ts';
import type { Value } from '../ir/aval.ts';
import { guard, unguard } from './exit-guard.ts';
import type { Runner } from './in-process.ts';
import { forThreads } from './inputs.ts';
import type { Job } from './job.ts';
import type { Brief, Coordinator, TaskResult } from './protocol.ts';
import { RunQueue } from './queue.ts';
import { intoOf, Run, type RunOptions, type RunStats } from './run.ts';
import { Threads, type Ticket } from './threads.ts';
import { workerFile } from './worker-file.ts';

export interface PoolOptions {
  /** How many threads there are at most. */
  readonly workers: number;
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
  #threads: Threads | undefined;
  #deaths = 0;
  #closing: Promise<void> | undefined;

  constructor(options: PoolOptions) {
    this.workers = options.workers;
    this.#options = options;
  }

  /**
   * Runs a job; rejects with the signal's reason, with the DiffopsError that the job's programs raised, with
   * WORKER_LOST when too many threads died, with CLOSED. In any case no thread works on it any more by then.
   */
  run(job: Job, options: RunOptions): Promise<RunStats> {
    const slots = Math.min(this.workers, options.mostWorkers ?? this.workers);
    const run = new Run({ ...job, inputs: job.inputs.map(forThreads) }, options, slots);
    // A consumer of blocks or strips gets them in order.
    if (options.sink.kind === 'matrix' && job.artifacts.some((artifact) => !this.#known.has(artifact)))
      run.control.divide();
    run.promise.then(
      (stats) => {
        this.#count(stats);
        for (const artifact of job.artifacts) this.#known.add(artifact);
      },
      () => {},
    );
    return this.#queue.submit(run);
  }

  stats(): PoolStats {
    return {
      workers: this.workers,
      threads: (this.#threads?.ids ?? []).map((threadId) => ({ threadId, tiles: this.#tiles.get(threadId) ?? 0 })),
      ...this.#queue.stats,
      deaths: this.#deaths,
    };
  }

  /** Rejects what waits and what runs with CLOSED, lets the tiles at work finish, and ends the threads. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.close().then(() => this.#threads?.close());
    return this.#closing;
  }

  async #stint(run: Run): Promise<void> {
    // Where it can't be loaded, the threads will say so.
    await holdEngine(run.artifacts).catch(() => {});
    if (run.over) return;
    this.#threads ??= new Threads({
      ...this.#options,
      file: this.#options.file ?? workerFile('tile-worker'),
      engine: needsEngine(run.artifacts),
    });
    const tickets = new Set<Ticket>();
    const cancelAll = (): void => {
      for (const ticket of tickets) ticket.cancel();
    };
    void run.failed.then(cancelAll);
    guard(run.control);
    const lanes = Array.from({ length: Math.min(run.control.slots, run.tilesLeft) }, async (_, slot) => {
      await this.#lane(run, slot, tickets);
      // Threads that are still starting are not waited for when there is nothing left to do.
      if (run.over) cancelAll();
    });
    await Promise.all(lanes);
    unguard(run.control);
  }

  /** One thread at work on the run, and after its death, or when a slow consumer has caught up, another one. */
  async #lane(run: Run, slot: number, tickets: Set<Ticket>): Promise<void> {
    let retry: readonly number[] = [];
    do {
      try {
        const result = await this.#task(run, slot, retry, tickets);
        retry = [];
        run.left(slot, result?.times);
        if (result?.failure) run.fail(DiffopsError.deserialize(result.failure.error), result.failure.tile);
        if (result?.ending !== 'yielded') return;
        await run.room();
        if (run.control.yielding) return;
      } catch (reason) {
        this.#deaths++;
        retry = run.lost(slot, reason);
      }
    } while (!run.over && (retry.length > 0 || run.control.hasOpen));
  }

  async #task(run: Run, slot: number, retry: readonly number[], tickets: Set<Ticket>): Promise<TaskResult | undefined> {
    const { port1, port2 } = new MessageChannel();
    const coordinator: Coordinator = {
      artifact: (index) => run.artifact(index),
      fixed: () => shared(run.fixed),
      progress: () => run.progress(),
      block: (index, block, spoiled) => run.receive(index, block, spoiled),
    };
    comlink.expose(coordinator, port1 as unknown as comlink.Endpoint);
    const { control, job, sink } = run;
    const brief: Brief = {
      job,
      control: control.head,
      slot,
      retry,
      into: intoOf(sink),
      progress: run.wantsProgress,
    };
    const offer = run.nextTask();
    control.offer(slot, offer);
    const ticket = (this.#threads as Threads).submit({ port: port2, brief, offer }, () => control.take(slot, offer));
    tickets.add(ticket);
    try {
      return await ticket.result;
    } finally {
      tickets.delete(ticket);
      port1.close();
    }
  }

  #count(stats: RunStats): void {
    for (const { threadId, tiles } of stats.workers) {
      this.#tiles.set(threadId, (this.#tiles.get(threadId) ?? 0) + tiles);
    }
  }
}
