/** How seeds are cut: into blocks by `nbatches`, and into tiles no wider than a block. */

import type { Tile } from '../pool/job.ts';

/** The width of a block: n seeds in `nbatches` blocks, the last one padded. */
export const blockSizeOf = (n: number, nbatches: number): number => Math.ceil(n / nbatches);

/**
 * The seed indices of all blocks, padded to one width: the padding repeats no seed, it is −1 and is trimmed.
 * Blocks of nothing but padding are left out.
 */
export const paddedBlocks = (n: number, nbatches: number): Int32Array[] => {
  const width = blockSizeOf(n, nbatches);
  return tilesOf(0, 0, n, width).map(({ start }) => seedIndices(start, Math.min(width, n - start), width));
};

/** `count` consecutive seeds from `start`, padded with −1 to `width`. */
export const seedIndices = (start: number, count: number, width: number): Int32Array =>
  Int32Array.from({ length: width }, (_, i) => (i < count ? start + i : -1));

/** The seeds first … limit−1 of a group in runs of at most `width`. */
export const tilesOf = (group: number, first: number, limit: number, width: number): Tile[] => {
  const tiles: Tile[] = [];
  for (let start = first; start < limit; start += width) {
    tiles.push({ group, start, count: Math.min(width, limit - start) });
  }
  return tiles;
};
