/** Copies a strided rectangle between arrays and says whether every number in it was finite. */

export type FloatArray = Float32Array | Float64Array;

/** Where a rectangle lies in an array: element (o, i) is at `start + o·outer + i·inner`. */
export interface Layout {
  readonly start: number;
  readonly outer: number;
  readonly inner: number;
}

/** Below this a call of `TypedArray.set` costs more than the loop that it saves. */
const LONG_RUN = 128;

/**
 * Rows this long are read in pieces: a transposing copy reads `inner` with a stride, and the cache lines of one piece
 * must still be there for the next row.
 */
const PIECE = 64;

/** Copies `outer` × `inner` elements; true when all are finite. */
export const copyStrided = (
  target: FloatArray,
  to: Layout,
  source: FloatArray,
  from: Layout,
  outer: number,
  inner: number,
): boolean => {
  if (to.inner === 1 && from.inner === 1 && inner >= LONG_RUN) return copyRuns(target, to, source, from, outer, inner);
  let spoiled = 0;
  for (let piece = 0; piece < inner; piece += PIECE) {
    const length = Math.min(PIECE, inner - piece);
    for (let o = 0; o < outer; o++) {
      let t = to.start + o * to.outer + piece * to.inner;
      let s = from.start + o * from.outer + piece * from.inner;
      for (let i = 0; i < length; i++) {
        const value = source[s];
        target[t] = value;
        // 0 for a finite value, NaN for any other: one addition instead of a branch.
        spoiled += value - value;
        t += to.inner;
        s += from.inner;
      }
    }
  }
  return spoiled === 0;
};

const copyRuns = (
  target: FloatArray,
  to: Layout,
  source: FloatArray,
  from: Layout,
  outer: number,
  inner: number,
): boolean => {
  let spoiled = 0;
  for (let o = 0; o < outer; o++) {
    const begin = from.start + o * from.outer;
    const end = begin + inner;
    target.set(source.subarray(begin, end), to.start + o * to.outer);
    for (let s = begin; s < end; s++) {
      const value = source[s];
      spoiled += value - value;
    }
  }
  return spoiled === 0;
};
