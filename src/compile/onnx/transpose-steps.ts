/**
 * Takes a transpose apart into those that the engine is fast at. Its fast ones keep the innermost run, or move one
 * axis of 4-byte elements, or swap small matrices of 8-byte ones; all others cost up to 20 times as much per
 * element (bench/lowering.ts). Axes here are merged: none of length 1, no two that stay neighbours.
 */

import { bytesPerElement, type Dtype, type Shape, sizeOf } from '../../ir/aval.ts';

export interface TransposeStep {
  readonly shape: Shape;
  /** Axis i of the result is axis `permutation[i]`. */
  readonly permutation: readonly number[];
}

/** Innermost runs of this many elements are copied well as they are. */
export const LONG_RUN = 8;
/** Matrices of 8-byte elements up to this size are swapped fast. */
const SMALL_MATRIX = 8192;
/** From here on two passes over memory cost more than one slow one. */
const LARGE_MATRIX = 1 << 19;

const ascends = (values: readonly number[], without: number): boolean => {
  let last = -1;
  for (let i = 0; i < values.length; i++) {
    if (i === without) continue;
    if (values[i] < last) return false;
    last = values[i];
  }
  return true;
};

/** Whether taking one axis out and putting it elsewhere is the whole permutation. */
export const movesOne = (permutation: readonly number[]): boolean => {
  let i = 1;
  while (i < permutation.length && permutation[i] > permutation[i - 1]) i++;
  // Where it first goes down, one of the two must be the one that moves.
  return permutation.length > 0 && (ascends(permutation, i) || ascends(permutation, i - 1));
};

/** All permutations that differ from the identity by one moved axis. */
const singleMoves = (rank: number): number[][] => {
  const moves: number[][] = [];
  for (let from = 0; from < rank; from++) {
    for (let to = 0; to < rank; to++) {
      if (to === from) continue;
      const order = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== from);
      order.splice(to, 0, from);
      moves.push(order);
    }
  }
  return moves;
};

const after = (first: readonly number[], second: readonly number[]): number[] => second.map((i) => first[i]);

/** A permutation as single moves one after another, two if two are enough. */
const byMoves = (permutation: readonly number[]): readonly number[][] => {
  const moves = singleMoves(permutation.length);
  for (const first of moves) {
    // What is left to do after `first`.
    const left = permutation.map((axis) => first.indexOf(axis));
    if (movesOne(left)) return [first, left];
  }
  for (const first of moves) {
    const left = permutation.map((axis) => first.indexOf(axis));
    const rest = moves.find((second) => movesOne(left.map((axis) => second.indexOf(axis))));
    if (rest) return [first, rest, left.map((axis) => rest.indexOf(axis))];
  }
  return [[...permutation]];
};

/** The largest divisor of n within [low, high]. */
const divisor = (n: number, low: number, high: number): number | undefined => {
  for (let d = Math.min(high, n - 1); d >= low; d--) if (n % d === 0) return d;
  return undefined;
};

/** `count` matrices of [m, n] → [n, m]: where a few columns make a small matrix, by copies of runs and swaps of those. */
const swapped = (count: number, m: number, n: number): TransposeStep[] => {
  const columns = divisor(n, LONG_RUN, Math.min(32, Math.floor(SMALL_MATRIX / m)));
  if (m * n <= SMALL_MATRIX || m * n > LARGE_MATRIX || !columns)
    return [{ shape: [count, m, n], permutation: [0, 2, 1] }];
  const parts = n / columns;
  return [
    { shape: [count, m, parts, columns], permutation: [0, 2, 1, 3] },
    { shape: [count * parts, m, columns], permutation: [0, 2, 1] },
  ];
};

export const transposeSteps = (shape: Shape, permutation: readonly number[], dtype: Dtype): TransposeStep[] => {
  const rank = shape.length;
  const last = rank - 1;
  const direct = [{ shape, permutation }];
  if (permutation[last] === last && shape[last] >= LONG_RUN) return direct;
  if (bytesPerElement(dtype) < 8) {
    if (movesOne(permutation)) return direct;
    let current = [...shape];
    return byMoves(permutation).map((move) => {
      const step = { shape: current, permutation: move };
      current = after(current, move);
      return step;
    });
  }
  const isSwap = permutation.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i));
  if (!isSwap) return direct;
  return swapped(sizeOf(shape.slice(0, -2)), shape[last - 1], shape[last]);
};
