/** How many workers a problem is worth. */

import type { Planned } from './plan.ts';

/** Below this a run is over before a message reached a worker: about a millisecond of one core. */
const SMALL_FLOPS = 1e7;
/** A tile's own price where its programs are tiny, in FLOPs: a run of the engine. */
const TILE_FLOPS = 1e5;

/**
 * Worker threads for a plan: 0 (in-process) for a small problem, else at most one per tile and per core.
 * A number that the caller asked for is taken as it is, up to the number of tiles, and to what memory bears: `most`.
 */
export const workersFor = (planned: Planned, asked: number | undefined, most: number, cores: number): number => {
  const tiles = planned.tiles.length;
  if (asked !== undefined) return Math.min(asked, most, Math.max(tiles, 1));
  if (planned.facts.flops + TILE_FLOPS * tiles < SMALL_FLOPS || tiles < 2) return 0;
  return Math.min(cores, most, tiles);
};
