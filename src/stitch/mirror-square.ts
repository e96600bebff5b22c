/** Makes a square of a tile symmetric: what a seed has for later ones is what these have for it. */

import type { FloatDtype } from '../ir/aval.ts';
import type { TileMemory } from './tile-memory.ts';

export interface Square {
  /** In the tile's memory, bytes. */
  readonly address: number;
  /** Elements from seed to seed, and from entry to entry, of which one is 1. */
  readonly seedStride: number;
  readonly entryStride: number;
}

/** Blocks on the diagonal that are mirrored element by element. */
const BLOCK = 16;

/** Entry e of seed s, for e < s < count, becomes entry s of seed e. */
export const mirrorSquare = (memory: TileMemory, dtype: FloatDtype, square: Square, count: number): void => {
  const { address, seedStride, entryStride } = square;
  const bytes = dtype === 'float32' ? 4 : 8;
  const { transpose32, transpose64 } = memory.kernels;
  const transpose = dtype === 'float32' ? transpose32 : transpose64;
  const array = memory.floats(dtype);
  const at = (seed: number, entry: number): number => seed * seedStride + entry * entryStride;
  const stride = Math.max(seedStride, entryStride);
  for (let begin = 0; begin < count; begin += BLOCK) {
    const size = Math.min(BLOCK, count - begin);
    const first = address / bytes + at(begin, begin);
    for (let s = 1; s < size; s++) for (let e = 0; e < s; e++) array[first + at(s, e)] = array[first + at(e, s)];
    // What the seeds before have for these.
    const [from, to] = [address + at(0, begin) * bytes, address + at(begin, 0) * bytes];
    const rows = entryStride === 1 ? begin : size;
    transpose(from, stride * bytes, to, stride * bytes, rows, begin + size - rows);
  }
};
