/** Zarr, version 3: a folder with a file for each chunk of the matrix, uncompressed. Strips are whole rows or columns of chunks. */

import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { create, get, open, type SyncMutable, slice, type Array as ZarrArray } from 'zarrita';
import type { FloatDtype } from '../ir/aval.ts';
import { type Part, partOf, type StripedMatrix } from '../stitch/strip.ts';
import type { FloatArray } from '../stitch/tile-memory.ts';
import { turnInto } from './mirror.ts';
import type { Opening, StripFile } from './strip-file.ts';

/** A folder as a store, that knows which of its files may not be on the disk yet. */
class FolderStore implements SyncMutable {
  readonly #folder: string;
  /** Whether a file that isn't there is an error: in a whole one every chunk is. */
  readonly #whole: boolean;
  readonly #written = new Set<string>();
  readonly #folders = new Set<string>();

  constructor(folder: string, whole = false) {
    this.#folder = folder;
    this.#whole = whole;
  }

  get(key: string): Uint8Array | undefined {
    try {
      return readFileSync(join(this.#folder, key));
    } catch (error) {
      if (!this.#whole && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Bytes of a file; undefined where there is none. */
  sizeOf(key: string): number | undefined {
    return statSync(join(this.#folder, key), { throwIfNoEntry: false })?.size;
  }

  set(key: string, value: Uint8Array): void {
    const path = join(this.#folder, key);
    const folder = dirname(path);
    if (!this.#folders.has(folder)) mkdirSync(folder, { recursive: true });
    this.#folders.add(folder);
    this.#written.add(path);
    writeFileSync(path, value);
  }

  /** Returns when all that was written is on the disk. */
  sync(): void {
    for (const path of this.#written) {
      const file = openSync(path, 'r+');
      try {
        fdatasyncSync(file);
      } finally {
        closeSync(file);
      }
    }
    this.#written.clear();
  }
}

type Whole = ZarrArray<FloatDtype, FolderStore>;

/** Writes what says how the chunks are to be read; it may be there, and torn. */
const describe = async (
  store: FolderStore,
  { rows, columns, dtype }: StripedMatrix,
  chunks: readonly [number, number],
): Promise<Whole> =>
  (await create(store, {
    shape: [rows, columns],
    chunkShape: [...chunks],
    dtype,
    codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
    fillValue: 0,
  })) as Whole;

export const createZarr = async ({ path, matrix }: Opening, chunks: readonly [number, number]): Promise<void> => {
  mkdirSync(path);
  await describe(new FolderStore(path), matrix, chunks);
};

/** A rectangle of the matrix, no larger than a chunk. */
interface Piece {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

function* piecesOf({ row0, column0, rows, columns }: Part, [high, wide]: readonly [number, number]): Generator<Piece> {
  for (let row = row0; row < row0 + rows; row += high) {
    for (let column = column0; column < column0 + columns; column += wide) {
      const [down, right] = [Math.min(high, row0 + rows - row), Math.min(wide, column0 + columns - column)];
      yield { row, column, rows: down, columns: right };
    }
  }
}

/** Part of the matrix, row-major. */
const readPart = async (
  whole: Whole,
  row: number,
  column: number,
  rows: number,
  columns: number,
): Promise<FloatArray> =>
  (await get(whole, [slice(row, row + rows), slice(column, column + columns)])).data as FloatArray;

const bytesOf = ({ buffer, byteOffset, byteLength }: FloatArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

export const openZarr = async ({ path, matrix }: Opening, chunks: readonly [number, number]): Promise<StripFile> => {
  const store = new FolderStore(path);
  const whole = await describe(store, matrix, chunks);
  const [high, wide] = chunks;
  // One for all, since they come one after the other: chunks are as they lie in memory, padded at the ends of the matrix.
  const chunk = matrix.dtype === 'float32' ? new Float32Array(high * wide) : new Float64Array(high * wide);
  const bytes = bytesOf(chunk);
  /** Gives each piece of a strip as a whole chunk, and after it the mirrored one. */
  const each = async (
    part: Part,
    data: FloatArray,
    visit: (row: number, column: number) => boolean | Promise<boolean>,
  ): Promise<boolean> => {
    const { row0, column0, rows: count, columns: stride } = part;
    for (const { row, column, rows, columns } of piecesOf(part, chunks)) {
      const from = (row - row0) * stride + column - column0;
      if (rows < high || columns < wide) chunk.fill(0);
      for (let i = 0; i < rows; i++) {
        const begin = from + i * stride;
        chunk.set(data.subarray(begin, begin + columns), i * wide);
      }
      if (!(await visit(row, column))) return false;
      if (matrix.placement !== 'symmetric' || column < column0 + count) continue;
      if (rows < high || columns < wide) chunk.fill(0);
      turnInto(chunk, wide, data, from, stride, rows, columns);
      if (!(await visit(column, row))) return false;
    }
    return true;
  };
  const keyOf = (row: number, column: number): string => `c/${row / high}/${column / wide}`;
  return {
    write: (strip, data, stopped) =>
      each(partOf(matrix, strip), data, (row, column) => {
        if (stopped()) return false;
        store.set(keyOf(row, column), bytes);
        return true;
      }),

    async read(strip, data) {
      const part = partOf(matrix, strip);
      try {
        for (const { row, column, rows, columns } of piecesOf(part, chunks)) {
          const there = await readPart(whole, row, column, rows, columns);
          for (let i = 0; i < rows; i++) {
            const at = (row - part.row0 + i) * part.columns + column - part.column0;
            data.set(there.subarray(i * columns, (i + 1) * columns), at);
          }
        }
      } catch {
        // A chunk of another length can't be decoded.
        return false;
      }
      // Those that were read are what they are; the mirrored ones must say the same.
      return each(part, data, (row, column) => {
        const there = store.get(keyOf(row, column));
        return there !== undefined && Buffer.compare(there, bytes) === 0;
      });
    },

    has(strip) {
      const part = partOf(matrix, strip);
      const isThere = (row: number, column: number): boolean => store.sizeOf(keyOf(row, column)) === bytes.length;
      for (const { row, column } of piecesOf(part, chunks)) {
        if (!isThere(row, column)) return false;
        if (matrix.placement === 'symmetric' && !isThere(column, row)) return false;
      }
      return true;
    },

    // Opening it wrote what there is beside the chunks.
    restore() {},
    sync: () => store.sync(),
    close: () => {},
  };
};

/** The rows [r0, r1) and columns [c0, c1) of a whole file. */
export const readZarr = async (
  path: string,
  [r0, r1]: readonly [number, number],
  [c0, c1]: readonly [number, number],
): Promise<FloatArray> => {
  const whole = (await open.v3(new FolderStore(path, true), { kind: 'array' })) as Whole;
  return readPart(whole, r0, c0, r1 - r0, c1 - c0);
};
