/** How seeds are cut: into blocks by `nbatches`, and into tiles no wider than a block. */

import type { Tile } from '../pool/job.ts';

/** The width of a block: n seeds in `nbatches` blocks, the last one padded. Blocks of nothing but padding don't run. */
export const blockSizeOf = (n: number, nbatches: number): number => Math.ceil(n / nbatches);

/** The seeds first … limit−1 of a group in runs of at most `width`. */
export const tilesOf = (group: number, first: number, limit: number, width: number): Tile[] => {
  const tiles: Tile[] = [];
  for (let start = first; start < limit; start += width) {
    tiles.push({ group, start, count: Math.min(width, limit - start) });
  }
  return tiles;
};
