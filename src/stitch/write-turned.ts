/** Writes rows as columns: blocks are turned in a thread's own cache, then copied line by line. */

import type { FloatDtype } from '../ir/aval.ts';
import { type FloatArray, LINES_BYTES, type TileMemory } from './tile-memory.ts';

export interface Turn {
  /** Element (i, k) of the source is at `from` (bytes) + (i · fromStride + k) elements, for i < length, k < lines. */
  readonly from: number;
  readonly fromStride: number;
  readonly length: number;
  readonly lines: number;
  /** It goes to target[start + k · stride + i]. */
  readonly target: FloatArray;
  readonly start: number;
  readonly stride: number;
}

/** Long lines are cut, so that many fit in the cache beside each other. */
const LONGEST = 512;
/** A call of `TypedArray.set` costs as much as a loop over about so many elements. */
const SHORTEST = 12;

export const writeTurned = (memory: TileMemory, dtype: FloatDtype, turn: Turn): void => {
  const { from, fromStride, length, lines, target, start, stride } = turn;
  const bytes = target.BYTES_PER_ELEMENT;
  const { transpose32, transpose64 } = memory.kernels;
  const transpose = dtype === 'float32' ? transpose32 : transpose64;
  for (let i = 0; i < length; i += LONGEST) {
    const part = Math.min(LONGEST, length - i);
    // Short lines are copied element by element, from one array over all of them.
    const short = part < SHORTEST;
    const arrays = memory.lines(dtype, short ? LINES_BYTES / bytes : part);
    const most = Math.floor(LINES_BYTES / (part * bytes));
    for (let k = 0; k < lines; k += most) {
      const count = Math.min(most, lines - k);
      transpose(from + (i * fromStride + k) * bytes, fromStride * bytes, 0, part * bytes, part, count);
      for (let j = 0; j < count; j++) {
        const at = start + (k + j) * stride + i;
        if (short) for (let e = 0; e < part; e++) target[at + e] = arrays[0][j * part + e];
        else target.set(arrays[j], at);
      }
    }
  }
};
