/** Affine maps from loop counters to the indices of an array: how a view is read without being made. */

import { type Shape, stridesOf } from '../ir/aval.ts';

/**
 * For each axis of an array offset + Σ steps[k] · counter k, as offset, …steps, one axis after the other; `width` is
 * one more than there are counters. A single such index is a map of one axis.
 */
export type IndexMap = readonly number[];

/** Counters between `low` (inclusive) and `high` (exclusive). */
export interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

const zeros = (length: number): number[] => {
  const made: number[] = [];
  for (let k = 0; k < length; k++) made.push(0);
  return made;
};

/** The map that takes axis i's index from counter `counters[i]`. */
export const countersMap = (counters: readonly number[], width: number): IndexMap => {
  const map = zeros(counters.length * width);
  for (let axis = 0; axis < counters.length; axis++) map[axis * width + 1 + counters[axis]] = 1;
  return map;
};

/** Axis i's index from counter i. */
export const identityMap = (rank: number): IndexMap => {
  const map = zeros(rank * (rank + 1));
  for (let axis = 0; axis < rank; axis++) map[axis * (rank + 1) + 1 + axis] = 1;
  return map;
};

export const boxOf = (extents: readonly number[]): Box => ({ low: extents.map(() => 0), high: extents });

export const volumeOf = ({ low, high }: Box): number => {
  let volume = 1;
  for (let k = 0; k < low.length; k++) volume *= Math.max(0, high[k] - low[k]);
  return volume;
};

/** Axes first … limit−1. */
export const axesOf = (map: IndexMap, first: number, limit: number, width: number): IndexMap =>
  map.slice(first * width, limit * width);

export const sameMap = (a: IndexMap, b: IndexMap): boolean => {
  if (a === b) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
};

/** The map with axis i's index times factors[i], plus offsets[i]. */
export const scaled = (
  map: IndexMap,
  factor: (axis: number) => number,
  offset: (axis: number) => number,
  width: number,
): IndexMap => {
  const made = map.slice();
  for (let axis = 0; axis * width < map.length; axis++) {
    const times = factor(axis);
    if (times !== 1) for (let k = axis * width; k < (axis + 1) * width; k++) made[k] *= times;
    made[axis * width] += offset(axis);
  }
  return made;
};

/** The only counter that an axis' index depends on; −1: none; undefined: several. */
export const onlyCounter = (map: IndexMap, axis: number, width: number): number | undefined => {
  let found = -1;
  for (let k = 1; k < width; k++) {
    if (map[axis * width + k] === 0) continue;
    if (found >= 0) return undefined;
    found = k - 1;
  }
  return found;
};

/** The least and the greatest index of an axis in a box. */
export const rangeOf = (map: IndexMap, axis: number, { low, high }: Box): readonly [number, number] => {
  const first = axis * (low.length + 1);
  let least = map[first];
  let greatest = least;
  for (let k = 0; k < low.length; k++) {
    const step = map[first + 1 + k];
    if (step === 0) continue;
    const [a, b] = [step * low[k], step * (high[k] - 1)];
    least += Math.min(a, b);
    greatest += Math.max(a, b);
  }
  return [least, greatest];
};

/** The place in a row-major array. */
export const flatIndex = (map: IndexMap, shape: Shape, width: number): IndexMap => {
  const strides = stridesOf(shape);
  const flat = zeros(width);
  for (let axis = 0; axis < shape.length; axis++) {
    const stride = strides[axis];
    for (let k = 0; k < width; k++) flat[k] += stride * map[axis * width + k];
  }
  return flat;
};

/** The index with counters that start at `low`. */
export const startingAt = (map: IndexMap, low: readonly number[]): IndexMap => {
  const width = low.length + 1;
  const made = map.slice();
  for (let first = 0; first < made.length; first += width) {
    for (let k = 0; k < low.length; k++) made[first] += low[k] * made[first + 1 + k];
  }
  return made;
};

/**
 * The map for an array of shape `from`, given that of its reshape to `to`; undefined where an index would have to be
 * divided.
 */
export const unreshaped = (map: IndexMap, from: Shape, to: Shape, width: number): IndexMap | undefined => {
  const made = zeros(from.length * width);
  let t = 0;
  for (let f = 0; f < from.length; f++) {
    if (from[f] === 1) continue;
    let product = 1;
    // The next axes of `to` that make up this one.
    while (product < from[f]) {
      if (t === to.length) return undefined;
      const extent = to[t];
      product *= extent;
      for (let k = 0; k < width; k++) made[f * width + k] = made[f * width + k] * extent + map[t * width + k];
      t++;
    }
    if (product !== from[f]) return undefined;
  }
  return made;
};
