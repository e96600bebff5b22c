/** Writes what one tile computed to its places in the matrix, trimmed, and mirrored where the matrix is symmetric. */

import type { Value } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { Group, Tile, TileOutput } from '../pool/job.ts';
import { copyStrided, type FloatArray } from './strided-copy.ts';

/** A window on the matrix M: M[i, j] is `data[(i − row0) · stride + (j − column0)]`. */
export interface MatrixView {
  readonly data: FloatArray;
  readonly row0: number;
  readonly column0: number;
  readonly stride: number;
}

/** Returned when every number written was finite. */
export const ALL_FINITE = -1;

/** An output as (seed s, entry e) ↦ data[s · seedStride + e · entryStride]. */
interface Strip {
  readonly data: FloatArray;
  readonly seedStride: number;
  readonly entryStride: number;
}

const stripOf = (group: Group, output: TileOutput, value: Value, view: MatrixView): Strip => {
  const { data } = value;
  if (data.length !== group.width * output.size || data.constructor !== view.data.constructor) {
    throw malformed(
      `A tile's output is ${value.dtype}[${data.length}], but its place in the matrix needs ` +
        `${group.width} × ${output.size} numbers of the matrix's own dtype.`,
    );
  }
  const leading = output.batch === 'leading';
  return {
    data: data as FloatArray,
    seedStride: leading ? output.size : 1,
    entryStride: leading ? 1 : group.width,
  };
};

/** Entries from `first` on, of all the tile's seeds, into M[seed, offset + entry]. */
const writeRows = (view: MatrixView, tile: Tile, output: TileOutput, strip: Strip, first: number): boolean =>
  copyStrided(
    view.data,
    {
      start: (tile.start - view.row0) * view.stride + output.offset + first - view.column0,
      outer: view.stride,
      inner: 1,
    },
    strip.data,
    { start: first * strip.entryStride, outer: strip.seedStride, inner: strip.entryStride },
    tile.count,
    output.size - first,
  );

/** Entries from `first` on, of all the tile's seeds, into M[offset + entry, seed]. */
const writeColumns = (view: MatrixView, tile: Tile, output: TileOutput, strip: Strip, first: number): boolean =>
  copyStrided(
    view.data,
    {
      start: (output.offset + first - view.row0) * view.stride + tile.start - view.column0,
      outer: view.stride,
      inner: 1,
    },
    strip.data,
    { start: first * strip.entryStride, outer: strip.entryStride, inner: strip.seedStride },
    output.size - first,
    tile.count,
  );

/** The square around the diagonal, in which a seed keeps only the entries from itself on. */
const writeDiagonal = (view: MatrixView, tile: Tile, output: TileOutput, strip: Strip, last: number): boolean => {
  let finite = true;
  for (let s = 0; s < tile.count; s++) {
    const seed = tile.start + s;
    for (let e = Math.max(0, seed - output.offset); e < last; e++) {
      const other = output.offset + e;
      const value = strip.data[s * strip.seedStride + e * strip.entryStride];
      view.data[(seed - view.row0) * view.stride + other - view.column0] = value;
      view.data[(other - view.row0) * view.stride + seed - view.column0] = value;
      finite &&= Number.isFinite(value);
    }
  }
  return finite;
};

const writeSymmetric = (view: MatrixView, tile: Tile, output: TileOutput, strip: Strip): boolean => {
  const past = Math.min(output.size, Math.max(0, tile.start + tile.count - output.offset));
  const diagonal = writeDiagonal(view, tile, output, strip, past);
  const above = writeRows(view, tile, output, strip, past);
  // The mirror has the same numbers; its verdict adds nothing.
  writeColumns(view, tile, output, strip, past);
  return diagonal && above;
};

/** The first matrix column with a NaN or an infinity among the entries that were written. */
const firstSpoiledColumn = (group: Group, tile: Tile, output: TileOutput, strip: Strip): number => {
  let first = Number.POSITIVE_INFINITY;
  for (let s = 0; s < tile.count; s++) {
    const seed = tile.start + s;
    for (let e = 0; e < output.size; e++) {
      const other = output.offset + e;
      if (group.placement === 'symmetric' && other < seed) continue;
      if (Number.isFinite(strip.data[s * strip.seedStride + e * strip.entryStride])) continue;
      first = Math.min(first, group.placement === 'row' ? other : seed);
    }
  }
  return first;
};

/**
 * Writes the outputs of one tile through `view`; the seeds of the padding (those past `tile.count`) are dropped.
 * Returns the first matrix column in which it wrote a NaN or an infinity, or ALL_FINITE.
 */
export const writeTile = (view: MatrixView, group: Group, tile: Tile, values: readonly Value[]): number => {
  if (values.length !== group.outputs.length) {
    throw malformed(`A tile has ${values.length} outputs where its group places ${group.outputs.length}.`);
  }
  let spoiled = Number.POSITIVE_INFINITY;
  group.outputs.forEach((output, i) => {
    const strip = stripOf(group, output, values[i], view);
    const finite =
      group.placement === 'row'
        ? writeRows(view, tile, output, strip, 0)
        : group.placement === 'column'
          ? writeColumns(view, tile, output, strip, 0)
          : writeSymmetric(view, tile, output, strip);
    if (!finite) spoiled = Math.min(spoiled, firstSpoiledColumn(group, tile, output, strip));
  });
  return spoiled === Number.POSITIVE_INFINITY ? ALL_FINITE : spoiled;
};
