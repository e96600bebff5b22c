/** A file that a matrix is written to strip by strip, whatever its format. */

import type { Strip, StripedMatrix } from '../stitch/strip.ts';
import type { FloatArray } from '../stitch/tile-memory.ts';

/** How the matrix lies in the file; stored in the journal, too. */
export type Layout =
  | { readonly format: 'npy' /** Bytes before the first element. */; readonly offset: number }
  | { readonly format: 'zarr' /** Rows and columns of a chunk. */; readonly chunks: readonly [number, number] };

export interface StripFile {
  /** Writes a strip to all its places; false if `stopped` ended it. */
  write(strip: Strip, data: FloatArray, stopped: () => boolean): Promise<boolean>;
  /** Reads a strip back into `data`; false where it isn't there as it was written. */
  read(strip: Strip, data: FloatArray): Promise<boolean>;
  /** Whether there is anything where the strip is to be: what was cut off, or got lost, is found without reading. */
  has(strip: Strip): boolean;
  /** Puts right what belongs to no strip, and may be torn: the header, and the size. */
  restore(): void;
  /** Returns when all that was written is on the disk. */
  sync(): void;
  close(): void;
}

/** What a file is opened for. */
export interface Opening {
  readonly path: string;
  readonly matrix: StripedMatrix;
}
