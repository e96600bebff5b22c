/** Column groups: neighbouring leaves whose columns share one tile program. */

import { type Shape, sizeOf } from '../ir/aval.ts';
import type { Levers } from './levers.ts';

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

/** Each group is linearized, batched and priced for itself: all of them together from at most about so many equations. */
const MOST_EQUATIONS = 60_000;
const FEWEST = 4;

/**
 * Leaves of a program of so many equations in order, each a group of its own (so that its program has only its own
 * tangents), where leaves of few elements join their neighbours; and further ones, where the groups of a long program
 * would take too long to plan. Leaves without elements come along with others; no group is empty.
 */
export const groupLeaves = (sizes: readonly number[], equations: number, groups: Levers['groups']): LeafRange[] => {
  const ranges = neighboursJoined(sizes, (width, size) => joins(width, size, groups));
  const most = Math.max(FEWEST, Math.floor(MOST_EQUATIONS / equations));
  if (groups !== 'by size' || ranges.length <= most) return ranges;
  const share = sizes.reduce((sum, size) => sum + size, 0) / most;
  return neighboursJoined(sizes, (width, size) => width + size <= share || joins(width, size, groups));
};

const neighboursJoined = (sizes: readonly number[], joins: (width: number, size: number) => boolean): LeafRange[] => {
  const ranges: LeafRange[] = [];
  let first = 0;
  for (const [leaf, size] of sizes.entries()) {
    const limit = first + size;
    const last = ranges.at(-1);
    if (last && joins(last.limit - last.first, size)) ranges.splice(-1, 1, { ...last, limitLeaf: leaf + 1, limit });
    else ranges.push({ firstLeaf: leaf, limitLeaf: leaf + 1, first, limit });
    first = limit;
  }
  return ranges.filter((group) => group.limit > group.first);
};

/** A few columns don't drag a wide neighbour into a program with more tangents unless they are cheap beside it. */
const joins = (width: number, size: number, groups: Levers['groups']): boolean => {
  if (width === 0 || size === 0 || groups === 'one') return true;
  return groups === 'by size' && Math.min(width, size) < NARROW && Math.max(width, size) < 8 * NARROW;
};

/** A leaf of at least so many columns is cut, in programs of at most so many equations: each part is planned anew. */
const WIDE = 1024;
const LONG = 400;
const PARTS = 4;

/**
 * A group of one wide leaf, cut along the leaf's first axis: a later part computes only its own rows and later ones,
 * so that of the leaf's own square in H hardly more than half is computed.
 */
export const partsOf = (
  group: LeafRange,
  shape: Shape,
  equations: number,
  splitting: Levers['splitting'],
): LeafRange[] => {
  const count = group.limit - group.first;
  const [length = 1] = shape;
  const isOneLeaf = sizeOf(shape) === count;
  const pays = splitting === 'always' || (count >= WIDE && equations <= LONG && length >= 2 * PARTS);
  if (splitting === 'never' || !isOneLeaf || !pays) return [group];
  const parts = Math.min(PARTS, length);
  const cut = (k: number): number => group.first + Math.floor((k * length) / parts) * (count / length);
  return Array.from({ length: parts }, (_, k) => ({ ...group, first: cut(k), limit: cut(k + 1) }));
};
