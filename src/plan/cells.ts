/** How seeds are cut where several devices share them: into cells, of which each device executes as many at once as its own width holds. */

import type { Group, Tile } from '../pool/job.ts';

type Seeds = Pick<Group, 'first' | 'limit' | 'width'>;

interface Cut {
  readonly groups: readonly Seeds[];
}

interface Range {
  readonly first: number;
  readonly limit: number;
}

/** An execution is at least so many cells, so that widths that are no multiples of each other waste little. */
const CELLS = 8;
/** More cells take more to count than they save. */
const MOST_CELLS = 1 << 16;

/**
 * The same cells for each of some plans, whose groups all cover the same seeds; none crosses a group's end, or a strip's.
 * With strips, none is where no strip is: those of a file that is taken up again lack what is in it already.
 */
export const cellsOf = (plans: readonly Cut[], strips?: readonly Range[]): Tile[][] => {
  const ends = new Set<number>([0]);
  for (const { first, limit } of [...plans.flatMap(({ groups }) => groups), ...(strips ?? [])])
    ends.add(first).add(limit);
  const sorted = [...ends].sort((a, b) => a - b);
  const seeds = sorted[sorted.length - 1];
  const least = Math.ceil(seeds / MOST_CELLS);
  const tiles: Tile[][] = plans.map(() => []);
  for (let k = 0; k + 1 < sorted.length; k++) {
    const [first, limit] = [sorted[k], sorted[k + 1]];
    const strip = strips?.findIndex((range) => range.first <= first && first < range.limit);
    if (strip === -1) continue;
    const groups = plans.map((plan) => plan.groups.findIndex((group) => group.limit > first));
    const narrowest = Math.min(...plans.map((plan, p) => plan.groups[groups[p]].width));
    const count = Math.min(narrowest, Math.max(least, Math.ceil(narrowest / CELLS)));
    for (let start = first; start < limit; start += count) {
      for (const [p, group] of groups.entries()) {
        const tile = { group, start, count: Math.min(count, limit - start) };
        tiles[p].push(strip === undefined ? tile : { ...tile, strip });
      }
    }
  }
  return tiles;
};
