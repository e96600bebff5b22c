/** One block of whole columns or whole rows, for matrices that are never held whole. */

import { type FloatDtype, sizeOf, type Value } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { Group, Tile } from '../pool/job.ts';
import type { FloatArray, TileMemory } from './tile-memory.ts';
import { writeTile } from './write-tile.ts';

/** `data` is row-major over the rows [r0, r1) and the columns [c0, c1). */
export interface Block {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  readonly data: FloatArray;
}

/** The matrix as far as a block must know it. */
export interface MatrixShape {
  readonly dtype: FloatDtype;
  readonly rows: number;
  readonly columns: number;
}

/** The tile's block over a buffer of its own, and the first column in it that is not finite (or ALL_FINITE). */
export const blockOfTile = (
  matrix: MatrixShape,
  memory: TileMemory,
  group: Group,
  tile: Tile,
  values: readonly Value[],
): { readonly block: Block; readonly spoiled: number } => {
  if (group.placement === 'symmetric') {
    throw malformed('A block has whole columns, but a symmetric tile has only the part past the diagonal.');
  }
  const seeds = [tile.start, tile.start + tile.count] as const;
  const rows = group.placement === 'row' ? seeds : ([0, matrix.rows] as const);
  const columns = group.placement === 'row' ? ([0, matrix.columns] as const) : seeds;
  const length = sizeOf([rows[1] - rows[0], columns[1] - columns[0]]);
  const data = matrix.dtype === 'float32' ? new Float32Array(length) : new Float64Array(length);
  const view = { data, row0: rows[0], column0: columns[0], stride: columns[1] - columns[0] };
  return { block: { rows, columns, data }, spoiled: writeTile(view, memory, group, tile, values) };
};
