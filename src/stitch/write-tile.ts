/** Writes what one tile computed to its places in the matrix, trimmed, and mirrored where the matrix is symmetric. */

import type { FloatDtype, Value } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { Group, Placement, Tile, TileOutput } from '../pool/job.ts';
import { mirrorSquare } from './mirror-square.ts';
import type { Stage } from './result-memory.ts';
import type { FloatArray, TileMemory } from './tile-memory.ts';
import { liesAlike, writeStaged } from './write-staged.ts';
import { writeTurned } from './write-turned.ts';

/** A window on the matrix M: M[i, j] is `data[(i − row0) · stride + (j − column0)]`. */
export interface MatrixView {
  readonly data: FloatArray;
  readonly row0: number;
  readonly column0: number;
  readonly stride: number;
  /** Whether only rows are held, each from `column0` on: a symmetric tile then leaves its columns to whoever mirrors them. */
  readonly upper?: boolean;
  /** The writing thread's, where the matrix is the whole of a memory with one. */
  readonly stage?: Stage | undefined;
}

/** Returned when every number written was finite. */
export const ALL_FINITE = -1;

/** Lines of so many elements are worth a call each. */
const LONG = 512;

/** One output of a tile: (seed s, entry e) ↦ array[s · seedStride + e · entryStride]. */
interface Strip extends TileOutput {
  readonly array: FloatArray;
  /** Of the array in the tile's memory. */
  readonly address: number;
  /** Entry e of seed s is entry places[s] + e of the output; no places: entry e. */
  readonly places: Int32Array | undefined;
  readonly seedStride: number;
  readonly entryStride: number;
}

class TileWriter {
  readonly #view: MatrixView;
  readonly #memory: TileMemory;
  readonly #tile: Tile;
  readonly #dtype: FloatDtype;

  constructor(view: MatrixView, memory: TileMemory, tile: Tile) {
    this.#view = view;
    this.#memory = memory;
    this.#tile = tile;
    this.#dtype = view.data instanceof Float32Array ? 'float32' : 'float64';
  }

  /** Entries from `first` on, of all the tile's seeds, into M[seed, offset + entry]. */
  rows(strip: Strip, first: number): void {
    const { row0, column0, stride } = this.#view;
    const start = (this.#tile.start - row0) * stride + strip.offset + first - column0;
    if (strip.batch === 'leading') this.#straight(strip, first * strip.entryStride, strip.seedStride, start, true);
    else this.#turned(strip, first, start, 'entries');
  }

  /** Entries from `first` on, of all the tile's seeds, into M[offset + entry, seed]. */
  columns(strip: Strip, first: number): void {
    const { row0, column0, stride } = this.#view;
    const start = (strip.offset + first - row0) * stride + this.#tile.start - column0;
    if (strip.batch === 'trailing') this.#straight(strip, first * strip.entryStride, strip.entryStride, start, false);
    else this.#turned(strip, first, start, 'seeds');
  }

  /**
   * The square around the diagonal, entries before `last`, in which a seed keeps only the entries from itself on. Gives
   * the first entry from which on rows are to be written whole: a square that is there as a whole is mirrored in place.
   */
  diagonal(strip: Strip, last: number): number {
    const { data, row0, column0, stride } = this.#view;
    const { array, address, offset, seedStride, entryStride } = strip;
    const { start, count } = this.#tile;
    const first = start - offset;
    if (first >= 0 && last - first === count) {
      const square = { address: address + first * entryStride * array.BYTES_PER_ELEMENT, seedStride, entryStride };
      mirrorSquare(this.#memory, this.#dtype, square, count);
      return first;
    }
    for (let s = 0; s < count; s++) {
      const seed = start + s;
      for (let e = Math.max(0, seed - offset); e < last; e++) {
        const other = offset + e;
        const value = array[s * seedStride + e * entryStride];
        data[(seed - row0) * stride + other - column0] = value;
        data[(other - row0) * stride + seed - column0] = value;
      }
    }
    return last;
  }

  /** Entries that begin at a place of its own for each seed: few, so one by one. */
  scattered(strip: Strip, places: Int32Array, placement: Placement): void {
    const { data, row0, column0, stride, upper } = this.#view;
    const { array, seedStride, entryStride } = strip;
    const at = (row: number, column: number): number => (row - row0) * stride + column - column0;
    for (let s = 0; s < this.#tile.count; s++) {
      if (places[s] < 0) continue;
      const seed = this.#tile.start + s;
      const begin = strip.offset + places[s];
      const first = placement === 'symmetric' ? Math.max(0, seed - begin) : 0;
      for (let e = first; e < strip.size; e++) {
        const value = array[s * seedStride + e * entryStride];
        if (placement !== 'column') data[at(seed, begin + e)] = value;
        if (placement !== 'row' && !upper) data[at(begin + e, seed)] = value;
      }
    }
  }

  /** Lines that lie in the array as they lie in the matrix. */
  #straight(strip: Strip, from: number, lineStride: number, start: number, bySeed: boolean): void {
    const { data, stride, stage } = this.#view;
    const first = bySeed ? from : 0;
    const length = bySeed ? strip.size - first : this.#tile.count;
    const count = bySeed ? this.#tile.count : strip.size - from / lineStride;
    if (count === 0 || length === 0) return;
    const lines = {
      array: strip.array,
      from,
      fromStride: lineStride,
      rows: count,
      length,
      start,
      stride,
      turned: false,
    };
    if (stage && length < LONG) {
      writeStaged(stage, lines);
      return;
    }
    for (let k = 0; k < count; k++) {
      const [begin, to] = [from + k * lineStride, start + k * stride];
      if (!stage || liesAlike(strip.array, begin, to)) data.set(strip.array.subarray(begin, begin + length), to);
      else writeStaged(stage, { ...lines, from: begin, rows: 1, start: to });
    }
  }

  /** Lines of the matrix along what is the outer axis in the array. */
  #turned(strip: Strip, first: number, start: number, along: 'seeds' | 'entries'): void {
    const { count } = this.#tile;
    const entries = strip.size - first;
    const outerStride = along === 'seeds' ? strip.seedStride : strip.entryStride;
    const [length, lines] = along === 'seeds' ? [count, entries] : [entries, count];
    const { data, stride, stage } = this.#view;
    if (length === 0 || lines === 0) return;
    if (stage) {
      const source = { array: strip.array, from: first * strip.entryStride, fromStride: outerStride };
      writeStaged(stage, { ...source, rows: length, length: lines, start, stride, turned: true });
      return;
    }
    const from = strip.address + first * strip.entryStride * strip.array.BYTES_PER_ELEMENT;
    writeTurned(this.#memory, this.#dtype, {
      from,
      fromStride: outerStride,
      length,
      lines,
      target: data,
      start,
      stride,
    });
  }
}

/** The first matrix column with a NaN or an infinity among the entries that were written. */
const firstSpoiledColumn = (group: Group, tile: Tile, strip: Strip): number => {
  let first = Number.POSITIVE_INFINITY;
  for (let s = 0; s < tile.count; s++) {
    const seed = tile.start + s;
    if (strip.places && strip.places[s] < 0) continue;
    for (let e = 0; e < strip.size; e++) {
      const other = strip.offset + (strip.places?.[s] ?? 0) + e;
      if (group.placement === 'symmetric' && other < seed) continue;
      if (Number.isFinite(strip.array[s * strip.seedStride + e * strip.entryStride])) continue;
      first = Math.min(first, group.placement === 'row' ? other : seed);
    }
  }
  return first;
};

/** The tile's outputs with the arrays that they consist of. */
const stripsOf = (view: MatrixView, memory: TileMemory, group: Group, values: readonly Value[]): Strip[] => {
  const needed = group.outputs.reduce((sum, { placed }) => sum + (placed ? 2 : 1), 0);
  if (values.length !== needed) {
    throw malformed(`A tile has ${values.length} outputs where its group places ${needed}.`);
  }
  const placed = memory.place(values);
  let next = 0;
  return group.outputs.map((output): Strip => {
    const { dtype, data } = values[next];
    if (data.length !== group.width * output.size || data.constructor !== view.data.constructor) {
      throw malformed(
        `A tile's output is ${dtype}[${data.length}], but its place in the matrix needs ` +
          `${group.width} × ${output.size} numbers of the matrix's own dtype.`,
      );
    }
    const { array, address } = placed[next++];
    const places = output.placed ? (placed[next++].array as Int32Array) : undefined;
    const leading = output.batch === 'leading';
    return {
      ...output,
      array: array as FloatArray,
      address,
      places,
      seedStride: leading ? output.size : 1,
      entryStride: leading ? 1 : group.width,
    };
  });
};

/**
 * Writes the outputs of one tile through `view`; the seeds of the padding (those past `tile.count`) are dropped.
 * Returns the first matrix column in which it wrote a NaN or an infinity, or ALL_FINITE.
 */
export const writeTile = (
  view: MatrixView,
  memory: TileMemory,
  group: Group,
  tile: Tile,
  values: readonly Value[],
): number => {
  const writer = new TileWriter(view, memory, tile);
  const { finite32, finite64 } = memory.kernels;
  let spoiled = Number.POSITIVE_INFINITY;
  for (const strip of stripsOf(view, memory, group, values)) {
    if (strip.places) writer.scattered(strip, strip.places, group.placement);
    else if (group.placement === 'row') writer.rows(strip, 0);
    else if (view.upper) writer.rows(strip, Math.min(strip.size, Math.max(0, view.column0 - strip.offset)));
    else if (group.placement === 'column') writer.columns(strip, 0);
    else {
      const past = Math.min(strip.size, Math.max(0, tile.start + tile.count - strip.offset));
      writer.rows(strip, past > 0 ? writer.diagonal(strip, past) : 0);
      writer.columns(strip, past);
    }
    const finite = strip.array instanceof Float32Array ? finite32 : finite64;
    // The padding may hold anything: only what was written counts.
    if (!finite(strip.address, strip.array.length)) {
      spoiled = Math.min(spoiled, firstSpoiledColumn(group, tile, strip));
    }
  }
  return spoiled === Number.POSITIVE_INFINITY ? ALL_FINITE : spoiled;
};
