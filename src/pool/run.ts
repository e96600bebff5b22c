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
import type { Job } from './job.ts';
import type { TaskResult } from './protocol.ts';
import { residentBytes } from './resident.ts';
import type { JobHead, Times } from './run-job.ts';

/** A run survives this many deaths of workers. */
const MAX_DEATHS = 3;
/** More are not kept. */
const MOST_STRETCHES = 1e5;

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
  /** What was loaded and computed when, by workers of a mixed pool; in the order in which it ended. */
  readonly timeline: readonly Stretch[];
  /** Summed over the threads, in milliseconds. */
  readonly times: Times;
  /** Resident bytes of the process: when the run was made, and the most that was seen until its end. */
  readonly rss: { readonly before: number; readonly peak: number };
}

/**
 * The columns (rows in reverse mode) from … to … that a worker computed at once, and when, in milliseconds of the run; or,
 * with no columns, when it was loading: its thread, programs, and what is known at the point.
 */
export interface Stretch {
  readonly doing: 'loading' | 'computing';
  readonly device: string;
  readonly threadId: number;
  readonly columns: readonly [number, number];
  readonly from: number;
  readonly to: number;
}

export const jobsOf = (job: Job | readonly Job[]): readonly Job[] => (Array.isArray(job) ? job : [job as Job]);

/** What one execution takes. */
export interface Pace {
  readonly milliseconds: number;
  readonly tiles: number;
}

/** What a slot's holder says as it leaves. */
type Leaving = Partial<Pick<TaskResult, 'times' | 'spans'>>;

/** How many tiles make one execution, at most. */
const widest = ({ groups, tiles }: Job): number =>
  Math.max(1, ...tiles.map(({ group, count }) => Math.ceil(groups[group].width / count)));

const newControl = (slots: number, jobs: readonly Job[], sink: Sink): Control => {
  const [{ tiles }] = jobs;
  if (sink.kind !== 'strips') {
    const blockful = jobs.length > 1 ? Math.max(...jobs.map(widest)) : 1;
    const window = sink.kind === 'blocks' ? (slots + 1) * blockful : Number.POSITIVE_INFINITY;
    return new Control(slots, tiles.length, window);
  }
  const counts = tilesByStrip(sink.strips.strips, tiles);
  const [first = 0, second = 0] = counts;
  const control = new Control(slots, tiles.length, first + second, undefined, counts.length);
  control.expect(counts);
  return control;
};

const maxRss = (): number => process.resourceUsage().maxRSS * 1024;

export class Run {
  /** Of each device. */
  readonly jobs: readonly JobHead[];
  readonly sink: Sink;
  readonly control: Control;
  readonly promise: Promise<RunStats>;
  /** Resolves when the run fails; never rejects. */
  readonly failed: Promise<void>;
  readonly wantsProgress: boolean;
  /** Set by the queue: called when the run can't go on, or could go on again. */
  onChange: () => void = () => {};
  readonly #nudged = new Set<() => void>();
  /** Of each device. */
  readonly artifacts: readonly (readonly Artifact[])[];
  readonly fixed: readonly Value[];
  /** The device that each slot's worker is on, by its place in `jobs`. */
  readonly #devices: number[];
  readonly #lost = new Set<number>();
  readonly #names: readonly string[];
  readonly #paces = new Map<number, Pace>();
  readonly #timeline: Stretch[] = [];
  readonly #began = performance.timeOrigin + performance.now();
  readonly #options: RunOptions;
  readonly #seedsTotal: number;
  readonly #threads = new Map<number, number>();
  readonly #times = { load: 0, run: 0, stitch: 0 };
  readonly #rssBefore = residentBytes();
  readonly #maxRssBefore = maxRss();
  readonly #reasons: string[] = [];
  #failure: { readonly reason: unknown; readonly tile: number | undefined } | undefined;
  #tasks = 0;
  #reported = -1;
  #fail!: () => void;
  #resolve!: (stats: RunStats) => void;
  #reject!: (reason: unknown) => void;
  readonly #deafen: () => void;

  /** `slots`: how many threads of each device may work on it at once. */
  constructor(jobs: readonly Job[], options: RunOptions, slots: readonly number[]) {
    const [{ fixed, tiles }] = jobs;
    this.artifacts = jobs.map(({ artifacts }) => artifacts);
    this.fixed = fixed.values;
    this.#devices = slots.flatMap((count, device) => new Array<number>(count).fill(device));
    this.#names = jobs.map(({ share }) => share?.device ?? '');
    this.#options = options;
    this.sink = options.sink;
    this.wantsProgress = options.onTile !== undefined;
    const mixed = jobs.length > 1;
    this.jobs = jobs.map(({ artifacts, share: _, ...rest }) => ({
      ...rest,
      mixed,
      fixed: fixed.key,
      keys: artifacts.map((a) => a.key),
    }));
    this.#seedsTotal = tiles.reduce((sum, tile) => sum + tile.count, 0);
    this.control = newControl(this.#devices.length, jobs, options.sink);
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
  artifact(slot: number, index: number): Artifact | null {
    try {
      const artifact = this.artifacts[this.#devices[slot]][index];
      const { model } = artifact;
      return model ? { ...artifact, model: compact(model) } : artifact;
    } catch (thrown) {
      this.fail(DiffopsError.from(thrown));
      return null;
    }
  }

  get job(): JobHead {
    return this.jobs[0];
  }

  /** What the worker in a slot is told, and on which device it is. */
  jobOf(slot: number): { readonly head: JobHead; readonly device: string } {
    const device = this.#devices[slot];
    return { head: this.jobs[device], device: this.#names[device] };
  }

  artifactsOn(device: string): readonly Artifact[] {
    return this.artifacts[this.#names.indexOf(device)];
  }

  /** What executions took on a device, as is known from earlier runs. */
  expectPace(device: number, { milliseconds, tiles }: Pace): void {
    for (const [slot, own] of this.#devices.entries()) if (own === device) this.control.pace(slot, milliseconds, tiles);
  }

  /** What the last execution on a device took, once it has been one. */
  paceOn(device: number): Pace | undefined {
    return this.#paces.get(device);
  }

  /** Whether the tiles of a device that failed go on elsewhere: the slot is another device's from then on. */
  movesFrom(slot: number, error: DiffopsError): boolean {
    if (error.code !== 'DEVICE' || this.jobs.length === 1) return false;
    this.#lost.add(this.#devices[slot]);
    const other = this.jobs.findIndex((_, device) => !this.#lost.has(device));
    if (other < 0) return false;
    this.#devices[slot] = other;
    return true;
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
  fail(reason: unknown, tile?: number): void {
    const before = this.#failure?.tile;
    const isLower = tile !== undefined && before !== undefined && tile < before;
    if (this.#failure === undefined || isLower) this.#failure = { reason, tile };
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
  receive(indices: readonly number[], block: Block, spoiled: number): void {
    if (this.sink.kind !== 'blocks' || indices.some((index) => this.control.isDone(index))) return;
    for (const index of indices) this.control.done(index, this.job.tiles[index]);
    if (spoiled !== ALL_FINITE) this.control.reportSpoiled(spoiled);
    let used = false;
    const consumed = (): void => {
      if (used) return;
      used = true;
      this.control.consumed(indices.length);
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
  left(slot: number, { times, spans }: Leaving = {}): void {
    this.control.leave(slot);
    const pace = this.control.paceOf(slot);
    if (pace && !pace.cold) this.#paces.set(this.#devices[slot], pace);
    const { threadId, tiles } = this.control.vacate(slot);
    const device = this.#names[this.#devices[slot]];
    const room = MOST_STRETCHES - this.#timeline.length;
    for (const { doing, first, limit, from, to } of spans?.slice(0, room) ?? []) {
      this.#timeline.push({
        doing,
        device,
        threadId,
        columns: [first, limit],
        from: from - this.#began,
        to: to - this.#began,
      });
    }
    if (tiles > 0) this.#threads.set(threadId, (this.#threads.get(threadId) ?? 0) + tiles);
    this.#times.load += times?.load ?? 0;
    this.#times.run += times?.run ?? 0;
    this.#times.stitch += times?.stitch ?? 0;
  }

  /** Notes that a slot's holder is left to itself, which has been loading since then: `since` is in milliseconds since 1970. */
  leftLoading(slot: number, since: number): void {
    const [device, threadId] = [this.#names[this.#devices[slot]], this.control.threadIn(slot)];
    const [from, to] = [since - this.#began, performance.timeOrigin + performance.now() - this.#began];
    this.#timeline.push({ doing: 'loading', device, threadId, columns: [0, 0], from, to });
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
      timeline: [...this.#timeline].sort((a, b) => a.to - b.to),
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
