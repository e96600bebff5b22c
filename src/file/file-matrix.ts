/** The result of `hessian` and `jacobian` with `out`: a matrix in a file, of which rows and blocks are read when asked for. */

import { type FileHandle, open } from 'node:fs/promises';
import { DiffopsError } from '../errors.ts';
import { allocate, bytesPerElement, type FloatDtype, type Shape, sizeOf } from '../ir/aval.ts';
import { NdArray } from '../nd-array.ts';
import { fileError } from './file-error.ts';
import type { Layout } from './strip-file.ts';

type Range = readonly [number, number];
type FloatArray = Float32Array | Float64Array;

/** The whole matrix in its file. */
export interface MatrixInFile {
  readonly path: string;
  readonly layout: Layout;
  readonly dtype: FloatDtype;
  readonly columns: number;
}

/**
 * `shape` is `[...y.shape, n]`; the file has one row per flattened output and one column per input. Where f returned a
 * tree, the rows of all outputs are in one file, one after the other, and this is some of them.
 */
export class FileMatrix {
  readonly shape: Shape;
  readonly dtype: FloatDtype;
  /** Absolute. */
  readonly path: string;
  readonly #file: MatrixInFile;
  readonly #row0: number;

  constructor(file: MatrixInFile, shape: Shape, row0: number) {
    this.shape = [...shape];
    this.dtype = file.dtype;
    this.path = file.path;
    this.#file = file;
    this.#row0 = row0;
  }

  /** The number of inputs, n. */
  get columns(): number {
    return this.#file.columns;
  }

  /** The number of flattened outputs, m. */
  get rows(): number {
    return sizeOf(this.shape.slice(0, -1));
  }

  /** Row i. */
  async row(i: number): Promise<FloatArray> {
    checkRange('row', [i, Number.isInteger(i) ? i + 1 : i], this.rows);
    return this.#read([i, i + 1], [0, this.columns]);
  }

  /** The rows [r0, r1) and columns [c0, c1) as an array of that shape. */
  async block(rows: Range, columns: Range): Promise<NdArray> {
    checkRange('rows', rows, this.rows);
    checkRange('columns', columns, this.columns);
    return new NdArray([rows[1] - rows[0], columns[1] - columns[0]], await this.#read(rows, columns));
  }

  async #read([r0, r1]: Range, columns: Range): Promise<FloatArray> {
    const { path, layout } = this.#file;
    const rows = [this.#row0 + r0, this.#row0 + r1] as const;
    if (r0 === r1 || columns[0] === columns[1]) return allocate(this.dtype, 0) as FloatArray;
    try {
      if (layout.format === 'npy') return await readNpy(this.#file, layout.offset, rows, columns);
      return await (await import('./zarr-file.ts')).readZarr(path, rows, columns);
    } catch (cause) {
      throw fileError(cause, 'read', path, false);
    }
  }
}

/** Pieces of rows that are asked for at the same time. */
const TOGETHER = 64;

const readNpy = async (
  { path, dtype, columns: all }: MatrixInFile,
  offset: number,
  [r0, r1]: Range,
  [c0, c1]: Range,
): Promise<FloatArray> => {
  const data = allocate(dtype, (r1 - r0) * (c1 - c0)) as FloatArray;
  const size = bytesPerElement(dtype);
  const whole = c0 === 0 && c1 === all;
  const length = (whole ? r1 - r0 : 1) * (c1 - c0) * size;
  const file = await open(path, 'r');
  try {
    const readPiece = (k: number): Promise<void> => {
      const bytes = new Uint8Array(data.buffer, k * length, length);
      return readWhole(file, path, bytes, offset + ((r0 + k) * all + c0) * size);
    };
    const count = data.byteLength / length;
    for (let k = 0; k < count; k += TOGETHER) {
      await Promise.all(Array.from({ length: Math.min(TOGETHER, count - k) }, (_, i) => readPiece(k + i)));
    }
  } finally {
    await file.close();
  }
  return data;
};

const readWhole = async (file: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) {
      throw new DiffopsError('FILE', `${path} ends at byte ${position + done}: it was cut off since it was written.`, {
        path,
        position: position + done,
      });
    }
    done += bytesRead;
  }
};

const checkRange = (what: string, range: unknown, limit: number): void => {
  const [from, to] = Array.isArray(range) && range.length === 2 ? range : [Number.NaN, Number.NaN];
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= limit) return;
  const [value, wanted] =
    what === 'row'
      ? [String(from), `an integer from 0 to ${limit - 1}`]
      : [String(Array.isArray(range) ? `[${range}]` : range), `[first, limit] with 0 ≤ first ≤ limit ≤ ${limit}`];
  throw new DiffopsError('INPUT', `${what} ${value} is outside of the matrix; give ${wanted}.`, {
    value: range,
    limit,
  });
};
