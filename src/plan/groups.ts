/** Column groups: neighbouring leaves whose columns share one tile program. */

import { type Shape, sizeOf } from '../ir/aval.ts';

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

/** A leaf of at least so many columns is cut, in programs of at most so many equations: each part is planned anew. */
const WIDE = 1024;
const LONG = 400;
const PARTS = 4;

/**
 * A group of one wide leaf, cut along the leaf's first axis: a later part computes only its own rows and later ones,
 * so that of the leaf's own square in H hardly more than half is computed.
 */
export const partsOf = (group: LeafRange, shape: Shape, equations: number): LeafRange[] => {
  const count = group.limit - group.first;
  const [length] = shape;
  const isOneLeaf = sizeOf(shape) === count;
  if (!isOneLeaf || count < WIDE || equations > LONG || length < 2 * PARTS) return [group];
  const cut = (k: number): number => group.first + Math.floor((k * length) / PARTS) * (count / length);
  return Array.from({ length: PARTS }, (_, k) => ({ ...group, first: cut(k), limit: cut(k + 1) }));
};
