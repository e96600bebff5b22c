/** What the thread does that writes a file: waits for strips to be filled, writes them, and notes it in the journal. */

import { crc32 } from 'node:zlib';
import { Control, type ControlHead } from '../pool/control.ts';
import { partOf, type Strip, type StripedMatrix, type Strips } from '../stitch/strip.ts';
import type { FloatArray } from '../stitch/tile-memory.ts';
import { appendSynced, appendWritten, type Written } from './journal.ts';
import { mirrorDiagonal } from './mirror.ts';
import { openFile } from './open-file.ts';
import type { Layout, StripFile } from './strip-file.ts';

/** Which file, and how it lies there. */
export interface Target {
  readonly path: string;
  readonly journal: string;
  readonly layout: Layout;
}

/** All that the thread is told to write. */
export interface WriteOrder {
  readonly order: 'write';
  readonly target: Target;
  readonly control: ControlHead;
  /** By strip; together, those of the run. */
  readonly tiles: readonly number[];
  readonly strips: Strips;
  /** The numbers of these strips in the journal. */
  readonly numbers: readonly number[];
}

/** Asks which of the strips that the journal names aren't in the file as it says; `closely`: by their numbers. */
export interface CheckOrder {
  readonly order: 'check';
  readonly target: Target;
  readonly matrix: StripedMatrix;
  readonly strips: readonly { readonly strip: Strip; readonly written: Written; readonly closely: boolean }[];
}

/** What it says: strip k of the run is in the file; these strips are torn. */
export type WriterSays =
  | { readonly says: 'written'; readonly strip: number; readonly spoiled: number }
  | { readonly says: 'checked'; readonly torn: readonly number[] };

/** What was written is brought to the disk so often, in milliseconds: more often makes the disk write pages over and over. */
const SYNC_EVERY = 30_000;
/** A thread that waits looks up so often, in milliseconds, whatever it hears. */
const LOOK_UP = 1000;

const partAt = (buffer: ArrayBufferLike, matrix: StripedMatrix, strip: Strip): FloatArray => {
  const { rows, columns } = partOf(matrix, strip);
  return matrix.dtype === 'float32'
    ? new Float32Array(buffer, 0, rows * columns)
    : new Float64Array(buffer, 0, rows * columns);
};

const crcOf = ({ buffer, byteOffset, byteLength }: FloatArray): number =>
  crc32(new Uint8Array(buffer, byteOffset, byteLength));

/** The column where the strip is spoiled, of the first in the run; −1 if that is another strip's. */
const spoiledIn = ({ placement }: StripedMatrix, strip: Strip, column: number): number =>
  placement === 'row' || (column >= strip.first && column < strip.limit) ? column : -1;

class Writer {
  readonly #order: WriteOrder;
  readonly #control: Control;
  readonly #file: StripFile;
  #synced = performance.now();

  constructor(order: WriteOrder, file: StripFile) {
    this.#order = order;
    this.#file = file;
    this.#control = Control.of(
      order.control,
      order.tiles.reduce((sum, count) => sum + count, 0),
    );
  }

  /** Writes all strips in order; ends early when the run is stopped. */
  async run(say: (message: WriterSays) => void): Promise<void> {
    const { strips, tiles } = this.#order;
    this.#file.restore();
    for (const [k, strip] of strips.strips.entries()) {
      if (!this.#filled(k)) return;
      const spoiled = spoiledIn(strips.matrix, strip, this.#control.spoiled);
      if (!(await this.#write(k, strip, spoiled))) return;
      this.#control.consumed(tiles[k + 2] ?? 0);
      say({ says: 'written', strip: k, spoiled });
    }
    this.#sync();
  }

  /** Blocks until the strip is filled; false when the run is stopped. */
  #filled(k: number): boolean {
    for (;;) {
      const seen = this.#control.signal;
      if (this.#control.stopped) return false;
      if (this.#control.isFilled(k)) return true;
      this.#control.pause(seen, LOOK_UP);
    }
  }

  async #write(k: number, strip: Strip, spoiled: number): Promise<boolean> {
    const { strips, numbers, target } = this.#order;
    const { matrix, memories } = strips;
    const { memory, buffer } = memories[k % 2];
    const data = partAt(memory?.buffer ?? buffer, matrix, strip);
    if (matrix.placement === 'symmetric') mirrorDiagonal(data, partOf(matrix, strip));
    if (!(await this.#file.write(strip, data, () => this.#control.stopped))) return false;
    appendWritten(target.journal, { strip: numbers[k], crc: crcOf(data), spoiled });
    // Tiles write nothing where they have nothing: the next strip begins with zeros, wherever it has its numbers.
    data.fill(0);
    if (performance.now() - this.#synced > SYNC_EVERY) this.#sync();
    return true;
  }

  #sync(): void {
    this.#file.sync();
    appendSynced(this.#order.target.journal);
    this.#synced = performance.now();
  }
}

const check = async ({ matrix, strips }: CheckOrder, file: StripFile): Promise<number[]> => {
  const sizes = strips.map(({ strip, closely }) => {
    const { rows, columns } = partOf(matrix, strip);
    return closely ? rows * columns : 0;
  });
  const most = sizes.reduce((largest, size) => Math.max(largest, size), 0);
  const buffer = new ArrayBuffer(most * (matrix.dtype === 'float32' ? 4 : 8));
  const torn: number[] = [];
  for (const { strip, written, closely } of strips) {
    if (!file.has(strip)) {
      torn.push(written.strip);
    } else if (closely) {
      const data = partAt(buffer, matrix, strip);
      if (!(await file.read(strip, data)) || crcOf(data) !== written.crc) torn.push(written.strip);
    }
  }
  return torn;
};

/** Carries out an order; throws what the file system does. */
export const carryOut = async (order: WriteOrder | CheckOrder, say: (message: WriterSays) => void): Promise<void> => {
  const matrix = order.order === 'write' ? order.strips.matrix : order.matrix;
  const file = await openFile({ path: order.target.path, matrix }, order.target.layout);
  try {
    if (order.order === 'write') await new Writer(order, file).run(say);
    else say({ says: 'checked', torn: await check(order, file) });
  } finally {
    file.close();
  }
};
