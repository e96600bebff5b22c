/** The control buffer: the few shared words by which the coordinator and the workers of a run agree without messages. */

import type { Tile } from './job.ts';

/** How many tiles were claimed. */
const CLAIMED = 0;
/** 1: start nothing more. */
const STOP = 1;
/** 1: another run is waiting; do not sit on a worker for a consumer's sake. */
const YIELD = 2;
/** Counts changes that a paused worker should look at. */
const SIGNAL = 3;
/** Blocks, or tiles of strips, that the consumer is through with. */
const CONSUMED = 4;
const TILES_DONE = 5;
const SEEDS_DONE = 6;
/** The first matrix column seen with a NaN or an infinity, plus one; 0: none. */
const SPOILED = 7;
/** The largest resident set seen, in units of RSS_UNIT. */
const PEAK_RSS = 8;
/** 1: each slot begins in a part of its own. */
const IN_PARTS = 9;
/** Slots begin here, on a cache line of their own. */
const HEADER = 16;

/** Words of a slot; one slot per worker that is at work at the same time. */
const BUSY = 0;
const THREAD = 1;
const SLOT_TILES = 2;
const OFFER = 3;
/** Of the last execution: microseconds, and tiles. */
const TIME = 4;
const DONE_IN_TIME = 5;
/** 1: its holder has claimed nothing, since it is still loading what it needs. */
const LOADING = 6;
/** 1: the last execution was the first of a program that was just loaded. */
const COLD = 7;
/** A slot fills a cache line. */
const SLOT = 16;

/** The state of a tile that is done; an open one has 0, a claimed one its slot plus one. */
const DONE = -1;

const RSS_UNIT = 65536;

/** What `claim` says when it has no tile to give. */
export type Claim = number | 'wait' | 'none';

/** What a thread needs of a control buffer, beside the number of tiles. */
export interface ControlHead {
  readonly buffer: SharedArrayBuffer;
  readonly slots: number;
  readonly window: number;
  readonly strips: number;
}

export class Control {
  readonly buffer: SharedArrayBuffer;
  readonly slots: number;
  readonly tiles: number;
  /** How many tiles may be claimed that the consumer is not through with. */
  readonly window: number;
  readonly #words: Int32Array;
  readonly #states: Int32Array;
  /** By strip, tiles that aren't done. */
  readonly #open: Int32Array;
  /** Where this thread looks for its next tile. */
  #next: number | undefined;

  constructor(slots: number, tiles: number, window: number, buffer?: SharedArrayBuffer, strips = 0) {
    const header = HEADER + SLOT * slots;
    this.buffer = buffer ?? new SharedArrayBuffer(4 * (header + tiles + strips));
    this.slots = slots;
    this.tiles = tiles;
    this.window = window;
    this.#words = new Int32Array(this.buffer, 0, header);
    this.#states = new Int32Array(this.buffer, 4 * header, tiles);
    this.#open = new Int32Array(this.buffer, 4 * (header + tiles), strips);
  }

  /** What another thread makes its own Control of, with the number of tiles. */
  get head(): ControlHead {
    return { buffer: this.buffer, window: this.window, slots: this.slots, strips: this.#open.length };
  }

  static of({ buffer, slots, window, strips }: ControlHead, tiles: number): Control {
    return new Control(slots, tiles, window, buffer, strips);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }

  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    this.#wake();
  }

  /** Asks workers that could only wait to leave (or not). */
  yield(asked: boolean): void {
    Atomics.store(this.#words, YIELD, asked ? 1 : 0);
    if (asked) this.#wake();
  }

  get yielding(): boolean {
    return Atomics.load(this.#words, YIELD) === 1;
  }

  /** The consumer is through with so many tiles. */
  consumed(tiles = 1): void {
    Atomics.add(this.#words, CONSUMED, tiles);
    this.#wake();
  }

  /** Says how many tiles each strip has, before any is claimed. */
  expect(tiles: readonly number[]): void {
    this.#open.set(tiles);
  }

  /** Whether all tiles of a strip are done. */
  isFilled(strip: number): boolean {
    return Atomics.load(this.#open, strip) === 0;
  }

  /** Whether there are tiles that nobody has claimed. */
  get hasOpen(): boolean {
    return Atomics.load(this.#words, CLAIMED) < this.tiles;
  }

  /** Whether a tile could be started now, were a worker free. */
  get hasRoom(): boolean {
    return Atomics.load(this.#words, CLAIMED) < Atomics.load(this.#words, CONSUMED) + this.window;
  }

  /**
   * Takes a tile for a slot: only when fewer than `window` were claimed that the consumer isn't through with, so that at
   * most so many blocks exist; counting claims leaves nothing to give back when a worker dies.
   */
  claim(slot: number): Claim {
    for (;;) {
      const claimed = Atomics.load(this.#words, CLAIMED);
      if (claimed >= this.tiles) return 'none';
      if (claimed >= Atomics.load(this.#words, CONSUMED) + this.window) return 'wait';
      if (Atomics.compareExchange(this.#words, CLAIMED, claimed, claimed + 1) === claimed) return this.#take(slot);
    }
  }

  /** The first open tile from where the slot is. There is one: claims are counted before tiles are taken. */
  #take(slot: number): number {
    let t = this.#next ?? this.#first(slot);
    while (Atomics.compareExchange(this.#states, t, 0, slot + 1) !== 0) t = (t + 1) % this.tiles;
    // No tile is opened again: there will be none before this one.
    this.#next = (t + 1) % this.tiles;
    return t;
  }

  /**
   * Takes one more tile, this one if it is open, another one if not; undefined if none is to be had. It is counted first, as
   * in `claim`, so that whoever counted one finds one.
   */
  extend(slot: number, index: number): number | undefined {
    for (;;) {
      const claimed = Atomics.load(this.#words, CLAIMED);
      if (claimed >= this.tiles || claimed >= Atomics.load(this.#words, CONSUMED) + this.window) return undefined;
      if (Atomics.compareExchange(this.#words, CLAIMED, claimed, claimed + 1) !== claimed) continue;
      if (Atomics.compareExchange(this.#states, index, 0, slot + 1) === 0) return index;
      return this.#take(slot);
    }
  }

  /** A tile near those that will be claimed next. */
  get front(): number {
    return Math.min(Atomics.load(this.#words, CLAIMED), this.tiles - 1);
  }

  /** What a slot's last execution took; undefined: it has had none. */
  paceOf(slot: number): { readonly milliseconds: number; readonly tiles: number; readonly cold: boolean } | undefined {
    const time = Atomics.load(this.#words, this.#at(slot, TIME));
    if (time === 0) return undefined;
    const tiles = Atomics.load(this.#words, this.#at(slot, DONE_IN_TIME));
    return { milliseconds: time / 1000, tiles, cold: Atomics.load(this.#words, this.#at(slot, COLD)) === 1 };
  }

  /** Says what a slot's last execution took; `cold`: later ones of that program may take much less. */
  pace(slot: number, milliseconds: number, tiles: number, cold = false): void {
    Atomics.store(this.#words, this.#at(slot, COLD), cold ? 1 : 0);
    Atomics.store(this.#words, this.#at(slot, DONE_IN_TIME), tiles);
    Atomics.store(this.#words, this.#at(slot, TIME), Math.max(1, Math.round(1000 * milliseconds)));
  }

  /**
   * How many tiles a slot may take at once, so that all end together: at most what is left when workers whose executions
   * are shorter have done what they do in the time of one of its own. Not above 0: the rest is theirs. The one whose executions are
   * shortest never leaves. Who hasn't executed anything yet counts as if it took as long as the slowest other one, and takes
   * an equal part at most.
   */
  share(slot: number): number {
    const open = this.tiles - Atomics.load(this.#words, CLAIMED);
    const own = Atomics.load(this.#words, this.#at(slot, TIME));
    const times = Array.from({ length: this.slots }, (_, other) => Atomics.load(this.#words, this.#at(other, TIME)));
    const long = own || Math.max(...times);
    let others = 0;
    for (const [other, time] of times.entries()) {
      if (time === 0 || (own > 0 && time >= own)) continue;
      others += Atomics.load(this.#words, this.#at(other, DONE_IN_TIME)) / time;
    }
    const left = open - Math.floor(others * long);
    return own === 0 ? Math.min(left, Math.ceil(open / this.slots)) : left;
  }

  #first(slot: number): number {
    const inParts = Atomics.load(this.#words, IN_PARTS) === 1;
    return inParts ? Math.floor((slot * this.tiles) / Math.min(this.slots, this.tiles)) : 0;
  }

  /**
   * Lets each slot begin in a part of its own: tiles of one program are neighbours, and so few programs are loaded by
   * several workers. Else tiles go out in order, which ends more evenly where the last ones are the smallest.
   */
  divide(): void {
    Atomics.store(this.#words, IN_PARTS, 1);
  }

  /** The tiles that the slot's last holder had claimed and not done. */
  claimedBy(slot: number): number[] {
    const claimed: number[] = [];
    for (let t = 0; t < this.tiles; t++) if (Atomics.load(this.#states, t) === slot + 1) claimed.push(t);
    return claimed;
  }

  isDone(index: number): boolean {
    return Atomics.load(this.#states, index) === DONE;
  }

  /** Marks a tile done; false when it was done before. */
  done(index: number, tile: Tile): boolean {
    if (Atomics.exchange(this.#states, index, DONE) === DONE) return false;
    Atomics.add(this.#words, SEEDS_DONE, tile.count);
    Atomics.add(this.#words, TILES_DONE, 1);
    if (tile.strip !== undefined && Atomics.sub(this.#open, tile.strip, 1) === 1) this.#wake();
    return true;
  }

  get tilesDone(): number {
    return Atomics.load(this.#words, TILES_DONE);
  }

  get seedsDone(): number {
    return Atomics.load(this.#words, SEEDS_DONE);
  }

  /** A value to pass to `pause`: read it before looking at what might change. */
  get signal(): number {
    return Atomics.load(this.#words, SIGNAL);
  }

  /** Blocks this thread until something changed since `seen`; false when nothing did for `ms`. */
  pause(seen: number, ms: number): boolean {
    return Atomics.wait(this.#words, SIGNAL, seen, ms) !== 'timed-out';
  }

  /** Offers a slot to the thread that gets the task with this number, from 1 on. */
  offer(slot: number, task: number): void {
    Atomics.store(this.#words, this.#at(slot, OFFER), task);
  }

  /** Accepts an offer, or takes it back: true for the first who calls, and only while it stands. */
  take(slot: number, task: number): boolean {
    return Atomics.compareExchange(this.#words, this.#at(slot, OFFER), task, 0) === task;
  }

  /** Writes down which thread has the slot now. */
  occupy(slot: number, threadId: number): void {
    Atomics.store(this.#words, this.#at(slot, THREAD), threadId);
  }

  threadIn(slot: number): number {
    return Atomics.load(this.#words, this.#at(slot, THREAD));
  }

  /** Says whether a slot's holder is loading, and has claimed nothing so far. */
  load(slot: number, on: boolean): void {
    Atomics.store(this.#words, this.#at(slot, LOADING), on ? 1 : 0);
  }

  isLoading(slot: number): boolean {
    return Atomics.load(this.#words, this.#at(slot, LOADING)) === 1;
  }

  countTiles(slot: number, tiles: number): void {
    Atomics.add(this.#words, this.#at(slot, SLOT_TILES), tiles);
  }

  /** Empties a slot: who had it, and how many tiles that thread finished in it. */
  vacate(slot: number): { readonly threadId: number; readonly tiles: number } {
    Atomics.store(this.#words, this.#at(slot, TIME), 0);
    return {
      threadId: Atomics.exchange(this.#words, this.#at(slot, THREAD), 0),
      tiles: Atomics.exchange(this.#words, this.#at(slot, SLOT_TILES), 0),
    };
  }

  /**
   * Announces that native code is about to run; false, and no announcement, when the run is to stop. The order matters:
   * announce, then look at the stop flag, as `quiesce` sets the flag and then looks for announcements.
   */
  enter(slot: number): boolean {
    Atomics.store(this.#words, this.#at(slot, BUSY), 1);
    if (!this.stopped) return true;
    this.leave(slot);
    return false;
  }

  leave(slot: number): void {
    const at = this.#at(slot, BUSY);
    Atomics.store(this.#words, at, 0);
    Atomics.notify(this.#words, at);
  }

  /** Stops the run and blocks this thread until no slot is in native code, or the deadline (a Date.now()) passes. */
  quiesce(deadline: number): void {
    this.stop();
    for (let slot = 0; slot < this.slots; slot++) {
      const at = this.#at(slot, BUSY);
      while (Atomics.load(this.#words, at) === 1) {
        const left = deadline - Date.now();
        if (left <= 0) return;
        Atomics.wait(this.#words, at, 1, left);
      }
    }
  }

  reportSpoiled(column: number): void {
    for (;;) {
      const known = Atomics.load(this.#words, SPOILED);
      if (known !== 0 && known <= column + 1) return;
      if (Atomics.compareExchange(this.#words, SPOILED, known, column + 1) === known) return;
    }
  }

  /** The first matrix column that is not finite, or −1. */
  get spoiled(): number {
    return Atomics.load(this.#words, SPOILED) - 1;
  }

  reportRss(bytes: number): void {
    const units = Math.ceil(bytes / RSS_UNIT);
    for (;;) {
      const known = Atomics.load(this.#words, PEAK_RSS);
      if (known >= units || Atomics.compareExchange(this.#words, PEAK_RSS, known, units) === known) return;
    }
  }

  get peakRss(): number {
    return Atomics.load(this.#words, PEAK_RSS) * RSS_UNIT;
  }

  #wake(): void {
    Atomics.add(this.#words, SIGNAL, 1);
    Atomics.notify(this.#words, SIGNAL);
  }

  #at(slot: number, word: number): number {
    return HEADER + SLOT * slot + word;
  }
}
