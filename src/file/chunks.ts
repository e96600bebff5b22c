/** The chunks of a matrix in a Zarr file. */

import { bytesPerElement } from '../ir/aval.ts';
import type { StripedMatrix } from '../stitch/strip.ts';

/** Bytes of a chunk, about; and seeds of one, unless their lines are too long. */
const CHUNK_BYTES = 2 ** 22;
const MOST_SEEDS = 1024;
const FEWEST_SEEDS = 64;
/** A matrix has at least about so many strips. */
const SHARES = 16;
/** Chunks of more than so many seeds are a multiple of it. */
const ROUND = 64;

/** Rows and columns of a chunk, for strips of at most `most` bytes: square where it will be mirrored. */
export const chunksFor = (matrix: StripedMatrix, most: number): [number, number] => {
  const { placement, rows, columns, dtype } = matrix;
  const size = bytesPerElement(dtype);
  const [seeds, others] = placement === 'row' ? [rows, columns] : [columns, rows];
  const wish = Math.min(MOST_SEEDS, Math.max(FEWEST_SEEDS, Math.ceil(seeds / SHARES)));
  const bearable = Math.max(1, Math.floor(most / Math.max(1, others * size)));
  const width = Math.max(1, Math.min(wish, bearable, seeds));
  const along = width > ROUND ? Math.floor(width / ROUND) * ROUND : width;
  if (placement === 'symmetric') return [along, along];
  const across = Math.max(1, Math.min(others, Math.floor(CHUNK_BYTES / (along * size))));
  return placement === 'row' ? [along, across] : [across, along];
};
