/** Writes rows of an array into a matrix through the thread's stage: as lines of the matrix, or turned into columns. */

import type { Stage } from './result-memory.ts';
import type { FloatArray } from './tile-memory.ts';

export interface Rows {
  readonly array: FloatArray;
  /** Element (i, k) of the source is array[from + i · fromStride + k], for i < rows, k < length. */
  readonly from: number;
  readonly fromStride: number;
  readonly rows: number;
  readonly length: number;
  /** It goes to element start + i · stride + k of the matrix; turned, to start + k · stride + i. */
  readonly start: number;
  readonly stride: number;
  readonly turned: boolean;
}

/** Rows that are turned at once become lines of so many elements: some cache lines each, more is no better. */
const ROWS = 64;
/** Rows that lie a multiple of this apart (in bytes) fall into the same sets of a cache. */
const ALIASED = 4096;

/**
 * Whether a copy from one element's place to another's is fast: into shared memory it goes by words of eight bytes where
 * source and target lie alike in them, and byte by byte elsewhere.
 */
export const liesAlike = ({ BYTES_PER_ELEMENT }: FloatArray, from: number, to: number): boolean =>
  BYTES_PER_ELEMENT === 8 || ((from ^ to) & 1) === 0;

/** Elements from row to row on the stage, where each row is as odd as its source. */
const pitchOf = (length: number, fromStride: number, bytes: number): number => {
  const alike = length + ((length ^ fromStride) & 1);
  return (alike * bytes) % ALIASED === 0 ? alike + 16 : alike;
};

export const writeStaged = (stage: Stage, source: Rows): void => {
  const { array, fromStride, turned } = source;
  const bytes = array.BYTES_PER_ELEMENT;
  // What rows may be longer by on the stage.
  const room = stage.room.length - 32 * ROWS;
  // Where many rows lie close to each other, they are staged in one piece, with what is between them.
  const enough = Math.min(source.rows, turned ? ROWS : 1);
  const asTheyLie = fromStride <= 2 * source.length && enough * fromStride <= room;
  const wide = Math.min(source.rows, turned ? ROWS : 1);
  const length = asTheyLie ? source.length : Math.min(source.length, Math.floor(room / wide) - 32);
  const pitch = asTheyLie ? fromStride : pitchOf(length, fromStride, bytes);
  const rows = Math.min(source.rows, asTheyLie ? Math.floor(room / pitch) : wide);
  for (let i = 0; i < source.rows; i += rows) {
    for (let k = 0; k < source.length; k += length) {
      const block = { rows: Math.min(rows, source.rows - i), length: Math.min(length, source.length - k) };
      const from = source.from + i * fromStride + k;
      const at = from & 1;
      toStage(stage, array, from, fromStride, at, pitch, block);
      const to = source.start + (turned ? k * source.stride + i : i * source.stride + k);
      const { kernels, address } = stage;
      const [a, b] = [address + at * bytes, to * bytes];
      if (!turned) kernels.copy(a, pitch * bytes, b, source.stride * bytes, block.length * bytes, block.rows);
      else {
        const turn = bytes === 4 ? kernels.transpose32 : kernels.transpose64;
        turn(a, pitch * bytes, b, source.stride * bytes, block.rows, block.length);
      }
    }
  }
};

const toStage = (
  { room }: Stage,
  array: FloatArray,
  from: number,
  fromStride: number,
  at: number,
  pitch: number,
  { rows, length }: { readonly rows: number; readonly length: number },
): void => {
  if (pitch === fromStride) {
    room.set(array.subarray(from, from + (rows - 1) * fromStride + length), at);
    return;
  }
  for (let i = 0; i < rows; i++) {
    const begin = from + i * fromStride;
    room.set(array.subarray(begin, begin + length), at + i * pitch);
  }
};
