/** Zarr, version 3: a folder with a file for each chunk of the matrix, uncompressed. Strips are whole rows or columns of chunks. */

import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AsyncMutable, create, get, open, set, slice, type Array as ZarrArray } from 'zarrita';
import type { FloatDtype } from '../ir/aval.ts';
import { type Part, partOf } from '../stitch/strip.ts';
import type { FloatArray } from '../stitch/tile-memory.ts';
import { turned } from './mirror.ts';
import type { Opening, StripFile } from './strip-file.ts';

/** A folder as a store, that knows which of its files may not be on the disk yet. */
class FolderStore implements AsyncMutable {
  readonly #folder: string;
  /** Whether a file that isn't there is an error: in a whole one every chunk is. */
  readonly #whole: boolean;
  readonly #written = new Set<string>();
  readonly #folders = new Set<string>();

  constructor(folder: string, whole = false) {
    this.#folder = folder;
    this.#whole = whole;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return readFileSync(join(this.#folder, key));
    } catch (error) {
      if (!this.#whole && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async set(key: string, value: Uint8Array): Promise<void> {
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

export const createZarr = async (
  { path, matrix: { rows, columns, dtype } }: Opening,
  chunks: readonly [number, number],
): Promise<void> => {
  mkdirSync(path);
  await create(new FolderStore(path), {
    shape: [rows, columns],
    chunkShape: [...chunks],
    dtype,
    codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
    fillValue: 0,
  });
};

type Whole = ZarrArray<FloatDtype, FolderStore>;

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
const readPart = async (whole: Whole, { row, column, rows, columns }: Piece): Promise<FloatArray> =>
  (await get(whole, [slice(row, row + rows), slice(column, column + columns)])).data as FloatArray;

const sameNumbers = (a: FloatArray, b: FloatArray): boolean =>
  Buffer.compare(
    new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
    new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
  ) === 0;

export const openZarr = async ({ path, matrix }: Opening, chunks: readonly [number, number]): Promise<StripFile> => {
  const store = new FolderStore(path);
  const whole = (await open.v3(store, { kind: 'array' })) as Whole;
  const write = (piece: Piece, data: FloatArray, stride: number): Promise<void> => {
    const { row, column, rows, columns } = piece;
    const value = { data, shape: [rows, columns], stride: [stride, 1] };
    return set(whole, [slice(row, row + rows), slice(column, column + columns)], value as never);
  };
  /** The pieces of a strip with what they have in `data`, and what the mirrored ones have. */
  const each = async (
    part: Part,
    data: FloatArray,
    visit: (piece: Piece, data: FloatArray, stride: number) => Promise<boolean>,
  ): Promise<boolean> => {
    const { row0, column0, rows: count, columns: stride } = part;
    for (const piece of piecesOf(part, chunks)) {
      const from = (piece.row - row0) * stride + piece.column - column0;
      if (!(await visit(piece, data.subarray(from), stride))) return false;
      if (matrix.placement !== 'symmetric' || piece.column < column0 + count) continue;
      const { row, column, rows, columns } = piece;
      const mirrored = { row: column, column: row, rows: columns, columns: rows };
      if (!(await visit(mirrored, turned(data, from, stride, rows, columns), rows))) return false;
    }
    return true;
  };
  return {
    write: (strip, data, stopped) =>
      each(partOf(matrix, strip), data, async (piece, from, stride) => {
        if (stopped()) return false;
        await write(piece, from, stride);
        return true;
      }),

    async read(strip, data) {
      const part = partOf(matrix, strip);
      try {
        for (const piece of piecesOf(part, chunks)) {
          const there = await readPart(whole, piece);
          for (let i = 0; i < piece.rows; i++) {
            const at = (piece.row - part.row0 + i) * part.columns + piece.column - part.column0;
            data.set(there.subarray(i * piece.columns, (i + 1) * piece.columns), at);
          }
        }
        if (matrix.placement !== 'symmetric') return true;
        return await each(part, data, async (piece, wanted) => {
          if (piece.column >= piece.row) return true;
          return piece.row < part.row0 + part.rows || sameNumbers(await readPart(whole, piece), wanted);
        });
      } catch {
        // A chunk of another length can't be decoded.
        return false;
      }
    },

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
  return readPart(whole, { row: r0, column: c0, rows: r1 - r0, columns: c1 - c0 });
};
