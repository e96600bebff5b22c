/** One run as the coordinator sees it: what is done, what was lost, how it ends. */

import type { Artifact } from '../compile/executable.ts';
import { DiffopsError } from '../errors.ts';
import type { Value } from '../ir/aval.ts';
import type { Block } from '../stitch/block.ts';
import type { ResultMemory } from '../stitch/result-memory.ts';
import { type Strips, tilesByStrip } from '../stitch/strip.ts';
import { ALL_FINITE } from '../stitch/write-tile.ts';
import { onAbort } from './abort.ts';
import { Control } from './control.ts';
import { compact } from './inputs.ts';
import type { Job, Tile } from './job.ts';
import { residentBytes } from './resident.ts';
import type { JobHead, Times } from './run-job.ts';

/** A run survives this many deaths of workers. */
const MAX_DEATHS = 3;

export interface Progress {
  readonly tilesDone: number;
  readonly tilesTotal: number;
  readonly seedsDone: number;
  readonly seedsTotal: number;
}

/**
 * Where tiles go: into the matrix, rows × columns numbers of the job's dtype, zeroed; or block by block to `accept`,
 * which is given the first column that is not finite (or −1) and must call `consumed` when it is through with a block; or
 * into strips, which someone takes from the control buffer that `begin` is given: whoever does says there what is
 * consumed, and calls `changed` on this thread.
 */
export type Sink =
  | { readonly kind: 'matrix'; readonly result: ResultMemory }
  | { readonly kind: 'blocks'; accept(block: Block, spoiled: number, consumed: () => void): void }
  | { readonly kind: 'strips'; readonly strips: Strips; begin(control: Control, changed: () => void): void };

/** The memory that tiles are written to, where they are. */
export const intoOf = (sink: Sink): ResultMemory | Strips | null =>
  sink.kind === 'matrix' ? sink.result : sink.kind === 'strips' ? sink.strips : null;

export interface RunOptions {
  readonly sink: Sink;
  readonly signal?: AbortSignal | undefined;
  /** At most so many threads work on it. */
  readonly mostWorkers?: number | undefined;
  /** Called as tiles are done, some at a time, and once when all are. */
  readonly onTile?: ((progress: Progress) => void) | undefined;
}

export interface RunStats {
  /** By thread: tiles done, those of workers that died included. */
  readonly workers: readonly { readonly threadId: number; readonly tiles: number }[];
  readonly deaths: number;
  /** The first column of the matrix with a NaN or an infinity, or −1. */
  readonly spoiled: number;
  /** Summed over the threads, in milliseconds. */
  readonly times: Times;
  /** Resident bytes of the process: when the run was made, and the most that was seen until its end. */
  readonly rss: { readonly before: number; readonly peak: number };
}

const newControl = (slots: number, tiles: readonly Tile[], sink: Sink): Control => {
  if (sink.kind !== 'strips') {
    return new Control(slots, tiles.length, sink.kind === 'blocks' ? slots + 1 : Number.POSITIVE_INFINITY);
  }
  const counts = tilesByStrip(sink.strips.strips, tiles);
  const [first = 0, second = 0] = counts;
  const control = new Control(slots, tiles.length, first + second, undefined, counts.length);
  control.expect(counts);
  return control;
};

const maxRss = (): number => process.resourceUsage().maxRSS * 1024;

export class Run {
  readonly job: JobHead;
  readonly sink: Sink;
  readonly control: Control;
  readonly promise: Promise<RunStats>;
  /** Resolves when the run fails; never rejects. */
  readonly failed: Promise<void>;
  readonly wantsProgress: boolean;
  /** Set by the queue: called when the run can't go on, or could go on again. */
  onChange: () => void = () => {};
  readonly #nudged = new Set<() => void>();
  readonly artifacts: readonly Artifact[];
  readonly fixed: readonly Value[];
  readonly #options: RunOptions;
  readonly #seedsTotal: number;
  readonly #threads = new Map<number, number>();
  readonly #times = { load: 0, run: 0, stitch: 0 };
  readonly #rssBefore = residentBytes();
  readonly #maxRssBefore = maxRss();
  readonly #reasons: string[] = [];
  #failure: { readonly reason: unknown; readonly tile: number } | undefined;
  #tasks = 0;
  #reported = -1;
  #fail!: () => void;
  #resolve!: (stats: RunStats) => void;
  #reject!: (reason: unknown) => void;
  readonly #deafen: () => void;

  /** `slots`: how many threads may work on it at once. */
  constructor(job: Job, options: RunOptions, slots: number) {
    const { artifacts, fixed, ...rest } = job;
    this.artifacts = artifacts;
    this.fixed = fixed.values;
    this.#options = options;
    this.sink = options.sink;
    this.wantsProgress = options.onTile !== undefined;
    this.job = { ...rest, fixed: fixed.key, keys: artifacts.map((a) => a.key) };
    this.#seedsTotal = job.tiles.reduce((sum, tile) => sum + tile.count, 0);
    this.control = newControl(slots, job.tiles, options.sink);
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal } = options;
    this.#deafen = signal ? onAbort(signal, () => this.fail(signal.reason)) : () => {};
    if (options.sink.kind === 'strips') options.sink.begin(this.control, () => this.#changed());
  }

  /** One that can't be compiled ends the run. */
  artifact(index: number): Artifact | null {
    try {
      const artifact = this.artifacts[index];
      const { model } = artifact;
      return model ? { ...artifact, model: compact(model) } : artifact;
    } catch (thrown) {
      this.fail(DiffopsError.from(thrown));
      return null;
    }
  }

  /** Numbers the tasks that threads are given. */
  nextTask(): number {
    return ++this.#tasks;
  }

  /** Whether nothing remains to be started. */
  get over(): boolean {
    return this.#failure !== undefined || this.control.tilesDone === this.control.tiles;
  }

  get tilesLeft(): number {
    return this.control.tiles - this.control.tilesDone;
  }

  /** Ends the run as soon as the tiles at work are done; the first reason wins, or of two tiles the lower. */
  fail(reason: unknown, tile = Number.POSITIVE_INFINITY): void {
    if (this.#failure === undefined || tile < this.#failure.tile) this.#failure = { reason, tile };
    this.control.stop();
    this.#fail();
    this.nudge();
    this.onChange();
  }

  /** Resolves when the control buffer changed since `seen`; for a loop on the coordinator's own thread. */
  changed(seen: number): Promise<void> {
    if (this.control.signal !== seen) return Promise.resolve();
    return new Promise((resolve) => this.#nudged.add(resolve));
  }

  /** Resolves when a tile could be started, or none ever will be, or the thread is wanted elsewhere. */
  async room(): Promise<void> {
    const { control } = this;
    for (;;) {
      const seen = control.signal;
      if (this.over || control.yielding || control.hasRoom || !control.hasOpen) return;
      await this.changed(seen);
    }
  }

  /** Tells loops on this thread that the control buffer changed. */
  nudge(): void {
    for (const resolve of this.#nudged) resolve();
    this.#nudged.clear();
  }

  /** What is consumed has changed. */
  #changed(): void {
    this.nudge();
    this.onChange();
  }

  /** Takes a block that a worker sent; one that was taken before, from a worker that died, is dropped. */
  receive(index: number, block: Block, spoiled: number): void {
    if (this.sink.kind !== 'blocks' || !this.control.done(index, this.job.tiles[index])) return;
    if (spoiled !== ALL_FINITE) this.control.reportSpoiled(spoiled);
    let used = false;
    const consumed = (): void => {
      if (used) return;
      used = true;
      this.control.consumed();
      this.#changed();
    };
    this.#guarded(() => this.sink.kind === 'blocks' && this.sink.accept(block, spoiled, consumed));
    this.progress();
  }

  /** Tells the caller how far the run is, if that changed. */
  progress(): void {
    const { onTile } = this.#options;
    const { tilesDone, seedsDone, tiles } = this.control;
    if (!onTile || tilesDone === this.#reported || this.#failure) return;
    this.#reported = tilesDone;
    this.#guarded(() => onTile({ tilesDone, tilesTotal: tiles, seedsDone, seedsTotal: this.#seedsTotal }));
  }

  /** Notes what a slot's holder did before it left. */
  left(slot: number, times: Partial<Times> = {}): void {
    this.control.leave(slot);
    const { threadId, tiles } = this.control.vacate(slot);
    if (tiles > 0) this.#threads.set(threadId, (this.#threads.get(threadId) ?? 0) + tiles);
    this.#times.load += times.load ?? 0;
    this.#times.run += times.run ?? 0;
    this.#times.stitch += times.stitch ?? 0;
  }

  /** Notes the death of a slot's holder; gives the tiles that must be run again. */
  lost(slot: number, reason: unknown): number[] {
    this.left(slot);
    this.#reasons.push(reason instanceof Error ? reason.message : String(reason));
    const tiles = this.control.claimedBy(slot);
    if (this.#reasons.length > MAX_DEATHS) this.fail(this.#lostTooMany(reason, tiles));
    return tiles;
  }

  /** Settles the promise; called once, when no thread works on the run any more. */
  settle(): void {
    this.#deafen();
    this.progress();
    if (this.#failure) this.#reject(this.#failure.reason);
    else this.#resolve(this.#stats());
  }

  #lostTooMany(cause: unknown, tiles: readonly number[]): DiffopsError {
    const deaths = this.#reasons.length;
    return new DiffopsError(
      'WORKER_LOST',
      `${deaths} workers died in one run, which survives ${MAX_DEATHS} deaths; the last one said: ` +
        `${this.#reasons[deaths - 1]}. If memory ran out, raise nbatches or lower workers.`,
      { deaths, limit: MAX_DEATHS, reasons: [...this.#reasons], tiles: [...tiles] },
      { cause },
    );
  }

  #stats(): RunStats {
    const now = maxRss();
    const seen = Math.max(this.control.peakRss, residentBytes());
    return {
      workers: [...this.#threads].map(([threadId, tiles]) => ({ threadId, tiles })),
      deaths: this.#reasons.length,
      spoiled: this.control.spoiled,
      times: { ...this.#times },
      // The process' own high-water mark is exact, but only of use when this run raised it.
      rss: { before: this.#rssBefore, peak: now > this.#maxRssBefore ? now : seen },
    };
  }

  /** Calls a function of the caller's; what it throws ends the run. */
  #guarded(call: () => unknown): void {
    try {
      call();
    } catch (thrown) {
      this.fail(thrown);
    }
  }
}
