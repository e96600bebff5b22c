/** NumPy's `.npy`: a header, then the matrix row by row; strips are written at their places in it. */

import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { dump } from 'npyjs';
import { bytesPerElement } from '../ir/aval.ts';
import { partOf, type StripedMatrix } from '../stitch/strip.ts';
import type { FloatArray } from '../stitch/tile-memory.ts';
import { eachColumn } from './mirror.ts';
import type { Opening, StripFile } from './strip-file.ts';

/** The header of a matrix, which `dump` writes in front of no data. */
const headerOf = ({ rows, columns, dtype }: StripedMatrix): Uint8Array =>
  new Uint8Array(dump(dtype === 'float32' ? new Float32Array(0) : new Float64Array(0), [rows, columns]));

/** Bytes before the first element. */
export const npyOffset = (matrix: StripedMatrix): number => headerOf(matrix).length;

/** A file of full size, with nothing but the header in it: what isn't written takes no room on most file systems. */
export const createNpy = ({ path, matrix }: Opening): void => {
  const file = openSync(path, 'wx');
  try {
    writeFrame(file, matrix);
  } finally {
    closeSync(file);
  }
};

const writeFrame = (file: number, matrix: StripedMatrix): void => {
  const header = headerOf(matrix);
  writeAll(file, header, 0);
  ftruncateSync(file, header.length + matrix.rows * matrix.columns * bytesPerElement(matrix.dtype));
};

/** A call may write less than it is given, before a limit is met or a signal comes. */
const writeAll = (file: number, bytes: Uint8Array, position: number): void => {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, position + done);
};

/** False where the file ends before. */
const readAll = (file: number, bytes: Uint8Array, position: number): boolean => {
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(file, bytes, done, bytes.length - done, position + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
};

const bytesOf = (data: FloatArray, from: number, count: number): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset + from * data.BYTES_PER_ELEMENT, count * data.BYTES_PER_ELEMENT);

/** Lines between two looks at whether to stop. */
const LINES = 256;

export const openNpy = ({ path, matrix }: Opening, offset: number): StripFile => {
  const file = openSync(path, 'r+');
  const size = bytesPerElement(matrix.dtype);
  const at = (row: number, column: number): number => offset + (row * matrix.columns + column) * size;
  return {
    async write(strip, data, stopped) {
      const part = partOf(matrix, strip);
      const { row0, column0, rows, columns } = part;
      const together = columns === matrix.columns ? rows : 1;
      for (let k = 0; k < rows; k += together) {
        if (k % LINES === 0 && stopped()) return false;
        writeAll(file, bytesOf(data, k * columns, together * columns), at(row0 + k, column0));
      }
      if (matrix.placement !== 'symmetric') return true;
      return eachColumn(data, part, (row, line) => {
        if (row % LINES === 0 && stopped()) return false;
        writeAll(file, bytesOf(line, 0, line.length), at(row, row0));
        return true;
      });
    },

    async read(strip, data) {
      const part = partOf(matrix, strip);
      const { row0, column0, rows, columns } = part;
      for (let k = 0; k < rows; k++) {
        if (!readAll(file, bytesOf(data, k * columns, columns), at(row0 + k, column0))) return false;
      }
      if (matrix.placement !== 'symmetric') return true;
      const there = new Uint8Array(rows * size);
      return eachColumn(
        data,
        part,
        (row, line) => readAll(file, there, at(row, row0)) && Buffer.compare(there, bytesOf(line, 0, rows)) === 0,
      );
    },

    has(strip) {
      const { row0, rows } = partOf(matrix, strip);
      const end = matrix.placement === 'symmetric' ? matrix.rows : row0 + rows;
      return fstatSync(file).size >= at(end, 0);
    },

    restore: () => writeFrame(file, matrix),
    sync: () => fdatasyncSync(file),
    close: () => closeSync(file),
  };
};
