/** Cases of the kernels that sort, search, add up segments, and work with bits and shapes. */

import * as tf from '@tensorflow/tfjs';
import { between, bools, type Case, exactly, floats, type Input, ints } from '../case.ts';

const one = (kernel: string, name: string, inputs: Input[], f: (...t: tf.Tensor[]) => tf.Tensor): Case => ({
  kernel,
  name: `${kernel}: ${name}`,
  inputs,
  f,
});

const x = floats([2, 3, 7]);

const values = (t: tf.Tensor, k: number, sorted = true): tf.Tensor => tf.topk(t, k, sorted).values;
const places = (t: tf.Tensor, k: number): tf.Tensor => tf.topk(t, k).indices;

/** Rows whose k greatest a cpu backend finds in an order of its own: taken together, order says nothing. */
const unordered = (t: tf.Tensor): tf.Tensor => values(t, 3, false).square().sum(-1);

const topK = [
  one('TopK', 'values', [x], (t) => values(t, 3)),
  one('TopK', 'values, all of them: a sort', [x], (t) => values(t, 7)),
  one('TopK', 'the greatest', [x], (t) => values(t, 1)),
  one('TopK', 'none', [x], (t) => values(t, 0)),
  one('TopK', 'values of a vector', [floats([9])], (t) => values(t, 4)),
  one('TopK', 'values times a ramp', [x], (t) => tf.mul(values(t, 4), [1, -2, 3, -4]).exp()),
  one('TopK', 'unsorted, as a set', [x], unordered),
  one('TopK', 'places', [x], (t) => places(t, 5)),
  one('TopK', 'values of int32', [ints([2, 5], [3, -1, 7, 7, 0, 2, 2, 9, -4, 2])], (t) => values(t, 3)),
  one('TopK', 'values of bool', [bools([2, 3], [0, 1, 0, 1, 0, 1])], (t) => values(t, 2)),
  one('TopK', 'places by places', [x], (t) => tf.gather(t, places(t, 3).slice([0, 0, 0], [1, 1, 3]).flatten(), 2)),
  {
    ...one('TopK', 'places of equals', [exactly([2, 5], [3, 1, 3, 1, 3, 0, 2, 2, 2, 0])], (t) => places(t, 5)),
    smooth: false as const,
  },
  {
    ...one('TopK', 'values of equals', [exactly([2, 5], [3, 1, 3, 1, 3, 0, 2, 2, 2, 0])], (t) => values(t, 3)),
    smooth: false as const,
  },
];

const sequence = exactly([2, 4], [-1.5, 0, 0, 2, 1, 3, 3, 8]);
const sought = exactly([2, 5], [-2, 0, 0.5, 2, 7, 1, 3, 3.5, 8, 0]);
const long = exactly(
  [2, 75],
  Array.from({ length: 150 }, (_, i) => Math.fround(Math.floor((i % 75) / 3) - 5 * Math.floor(i / 75))),
);
const spread = between([2, 30], -8, 30, 5);
const onTheSteps = exactly(
  [2, 30],
  Array.from({ length: 60 }, (_, i) => (i % 30) - 3),
);

const searches = (['left', 'right'] as const).flatMap((side) => [
  one('SearchSorted', side, [sequence, sought], (s, v) => tf.searchSorted(s, v, side)),
  one('SearchSorted', `${side}, a long sequence`, [long, spread], (s, v) => tf.searchSorted(s, v, side)),
  one('SearchSorted', `${side}, a long sequence, equals`, [long, onTheSteps], (s, v) => tf.searchSorted(s, v, side)),
  one('SearchSorted', `${side}, one sequence`, [floats([6]), exactly([4], [1, 2, 3, 4])], (v, s) =>
    tf.searchSorted(s, v, side),
  ),
  one('SearchSorted', `${side}, of int32`, [ints([1, 4], [1, 2, 2, 5]), floats([1, 3])], (s, v) =>
    tf.searchSorted(s, tf.mul(v, 3), side),
  ),
]);

export const sortingCases: Case[] = [
  ...topK,
  ...searches,
  one('SearchSorted', 'lowerBound', [sequence, sought], (s, v) => tf.lowerBound(s, v)),
  one('SearchSorted', 'upperBound', [sequence, sought], (s, v) => tf.upperBound(s, v)),
  one(
    'BitwiseAnd',
    'of both signs',
    [ints([4], [12, -7, 5, 2147483647]), ints([4], [10, 6, -2, -2147483648])],
    (a, b) => tf.bitwiseAnd(a, b),
  ),
  one('BroadcastArgs', 'of one rank', [ints([3], [2, 1, 5]), ints([3], [1, 4, 5])], (a, b) => tf.broadcastArgs(a, b)),
  one('BroadcastArgs', 'of two ranks', [ints([1], [3]), ints([3], [7, 0, 1])], (a, b) => tf.broadcastArgs(a, b)),
];

const at = (...list: number[]): tf.Tensor1D => tf.tensor1d(list, 'int32');

export const segmentCases: Case[] = [
  one('UnsortedSegmentSum', 'rows', [floats([4, 2])], (t) => tf.unsortedSegmentSum(t, at(1, 0, 1, 5), 3)),
  one('UnsortedSegmentSum', 'of int32', [ints([3], [1, 2, 3])], (t) => tf.unsortedSegmentSum(t, at(1, 1, -1), 2)),
  one('UnsortedSegmentSum', 'by traced ids', [floats([3, 2]), ints([3], [1, 0, 1])], (t, ids) =>
    tf.unsortedSegmentSum(t, ids as tf.Tensor1D, 2),
  ),
  one('SparseSegmentSum', 'rows, one segment empty', [floats([4, 2])], (t) =>
    tf.sparse.sparseSegmentSum(t, at(0, 3, 1, 0), at(0, 0, 2, 2)),
  ),
  one('SparseSegmentSum', 'of int32', [ints([3], [1, 2, 3])], (t) =>
    tf.sparse.sparseSegmentSum(t, at(2, 0, 0), at(1, 1, 2)),
  ),
  one('SparseSegmentSum', 'by traced places', [floats([4, 2, 2]), ints([3], [3, 0, 3])], (t, indices) =>
    tf.sparse.sparseSegmentSum(t, indices as tf.Tensor1D, at(0, 1, 1)),
  ),
  one('SparseSegmentMean', 'rows, one segment empty', [floats([4, 2])], (t) =>
    tf.sparse.sparseSegmentMean(t, at(0, 3, 1, 0, 2), at(0, 0, 2, 2, 2)),
  ),
  one('SparseSegmentMean', 'of int32', [ints([3], [1, 2, 4])], (t) =>
    tf.sparse.sparseSegmentMean(t, at(2, 0, 1), at(0, 0, 1)),
  ),
];
