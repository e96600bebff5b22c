/** What a strip of a symmetric matrix says of the columns below it, and of the lower half of its own square. */

import type { Part } from '../stitch/strip.ts';
import type { FloatArray } from '../stitch/tile-memory.ts';

/** Columns that are turned at once: those of one cache line. */
const LINE = 16;

/** Copies what stands above the diagonal of the strip's square below it, by blocks. */
export const mirrorDiagonal = (data: FloatArray, { rows: count, columns: stride }: Part): void => {
  for (let begin = 0; begin < count; begin += LINE) {
    const end = Math.min(count, begin + LINE);
    for (let i = 0; i < end; i++) {
      for (let j = Math.max(begin, i + 1); j < end; j++) data[j * stride + i] = data[i * stride + j];
    }
  }
};

/** Gives the columns of a strip behind its square as rows, in order, until `take` says false; the array is used again. */
export const eachColumn = (
  data: FloatArray,
  { row0, rows, columns }: Part,
  take: (row: number, line: FloatArray) => boolean,
): boolean => {
  const Data = data.constructor as Float32ArrayConstructor;
  const lines = Array.from({ length: LINE }, () => new Data(rows));
  for (let begin = rows; begin < columns; begin += LINE) {
    const count = Math.min(LINE, columns - begin);
    for (let i = 0; i < rows; i++) {
      const from = i * columns + begin;
      for (let j = 0; j < count; j++) lines[j][i] = data[from + j];
    }
    for (let j = 0; j < count; j++) if (!take(row0 + begin + j, lines[j])) return false;
  }
  return true;
};

/** The rows × columns elements from `from` on, a row every `stride`, as columns × rows, each a row of `wide` in `result`. */
export const turnInto = (
  result: FloatArray,
  wide: number,
  data: FloatArray,
  from: number,
  stride: number,
  rows: number,
  columns: number,
): void => {
  for (let begin = 0; begin < columns; begin += LINE) {
    const end = Math.min(columns, begin + LINE);
    for (let i = 0; i < rows; i++) {
      for (let j = begin; j < end; j++) result[j * wide + i] = data[from + i * stride + j];
    }
  }
};
