/** Column groups: neighbouring leaves whose columns share one tile program. */

export interface LeafRange {
  /** Leaves firstLeaf … limitLeaf−1. */
  readonly firstLeaf: number;
  readonly limitLeaf: number;
  /** Their seeds: first … limit−1. */
  readonly first: number;
  readonly limit: number;
}

/** A group narrower than this costs more to compile and pad than its restricted program saves. */
const NARROW = 64;

/**
 * Leaves in order, each a group of its own (so that its program has only its own tangents), where leaves of few
 * elements join their neighbours. Leaves without elements come along with others; no group is empty.
 */
export const groupLeaves = (sizes: readonly number[]): LeafRange[] => {
  const groups: LeafRange[] = [];
  let first = 0;
  for (const [leaf, size] of sizes.entries()) {
    const limit = first + size;
    const last = groups.at(-1);
    if (last && joins(last.limit - last.first, size)) groups.splice(-1, 1, { ...last, limitLeaf: leaf + 1, limit });
    else groups.push({ firstLeaf: leaf, limitLeaf: leaf + 1, first, limit });
    first = limit;
  }
  return groups.filter((group) => group.limit > group.first);
};

/** A few columns don't drag a wide neighbour into a program with more tangents unless they are cheap beside it. */
const joins = (width: number, size: number): boolean =>
  width === 0 || size === 0 || (Math.min(width, size) < NARROW && Math.max(width, size) < 8 * NARROW);
