/** Calls of functions that make, move, join, cut, take and put elements. */

import * as tf from '@tensorflow/tfjs';
import { bools, floats, ints } from '../../kernels/case.ts';
import { type Calls, call, stepped } from '../call.ts';

const x = floats([2, 3]);
const y = floats([2, 3], 2);
const cube = floats([2, 3, 4]);
const vector = floats([6]);
const batch = floats([2, 3, 4, 5]);
const image = floats([1, 4, 4, 2]);

const at = (...list: number[]): tf.Tensor1D => tf.tensor1d(list, 'int32');

export const creation: Calls = {
  eye: [call([x], (t) => tf.matMul(t, tf.eye(3))), call([cube], (t) => tf.matMul(t, tf.eye(4, 5, [2])))],
  fill: [call([x], (t) => tf.mul(t, tf.fill([2, 3], 4)))],
  linspace: [call([x], (t) => tf.mul(t, tf.linspace(0, 1, 3)))],
  ones: [call([x], (t) => tf.add(t, tf.ones([2, 1])))],
  range: [call([x], (t) => tf.mul(t, tf.range(0, 3)))],
  scalar: [call([x], (t) => tf.mul(t, tf.scalar(2)))],
  zeros: [call([x], (t) => tf.concat([t, tf.zeros([2, 1])], 1))],
  tensor: [call([x], (t) => tf.mul(t, tf.tensor([1, 2, 3])))],
  tensor1d: [call([x], (t) => tf.mul(t, tf.tensor1d([1, 2, 3])))],
  tensor2d: [call([x], (t) => tf.mul(t, tf.tensor2d([[1], [2]])))],
  tensor3d: [call([cube], (t) => tf.mul(t, tf.tensor3d([[[1], [2], [3]]])))],
  tensor4d: [call([batch], (t) => tf.mul(t, tf.tensor4d([[[[2]]]])))],
  tensor5d: [call([floats([1, 1, 1, 1, 2])], (t) => tf.mul(t, tf.tensor5d([[[[[2]]]]])))],
  tensor6d: [call([floats([1, 1, 1, 1, 1, 2])], (t) => tf.mul(t, tf.tensor6d([[[[[[2]]]]]])))],
  buffer: [
    call([x], (t) => {
      const buffer = tf.buffer([2, 3]);
      buffer.set(5, 1, 2);
      return tf.mul(t, buffer.toTensor());
    }),
  ],
  diag: [call([floats([3])], (t) => tf.diag(t)), call([floats([2, 2])], (t) => tf.diag(t))],
  oneHot: [stepped([ints([3], [0, 2, 1])], (t) => tf.oneHot(t, 3))],
  meshgrid: [
    call([floats([3]), floats([2], 2)], (a, b) => tf.meshgrid(a, b)),
    call([floats([3]), floats([2], 2)], (a, b) => tf.meshgrid(a, b, { indexing: 'ij' })),
  ],
};

export const movement: Calls = {
  batchToSpaceND: [call([floats([4, 2, 3])], (t) => tf.batchToSpaceND(t, [2], [[0, 1]]))],
  spaceToBatchND: [
    call([image], (t) =>
      tf.spaceToBatchND(
        t,
        [2, 2],
        [
          [0, 0],
          [2, 0],
        ],
      ),
    ),
  ],
  depthToSpace: [call([floats([1, 2, 2, 8])], (t) => tf.depthToSpace(t, 2))],
  broadcastTo: [call([floats([1, 3])], (t) => tf.broadcastTo(t, [2, 4, 3]))],
  broadcastArgs: [stepped([ints([2], [1, 3]), ints([1], [3])], tf.broadcastArgs)],
  ensureShape: [call([x], (t) => tf.mul(tf.ensureShape(t, [2, 3]), t))],
  expandDims: [call([x], (t) => tf.expandDims(t, 1))],
  squeeze: [call([floats([1, 3, 1])], (t) => tf.squeeze(t))],
  reshape: [call([x], (t) => tf.reshape(t, [3, -1]))],
  transpose: [call([cube], (t) => tf.transpose(t, [2, 0, 1])), call([x], (t) => tf.transpose(t))],
  tile: [call([x], (t) => tf.tile(t, [2, 3]))],
  reverse: [call([cube], (t) => tf.reverse(t, [0, 2]))],
  reverse1d: [call([vector], (t) => tf.reverse1d(t))],
  reverse2d: [call([x], (t) => tf.reverse2d(t, 1))],
  reverse3d: [call([cube], (t) => tf.reverse3d(t, [0, 1]))],
  reverse4d: [call([batch], (t) => tf.reverse4d(t, [3]))],
  pad: [
    call([x], (t) =>
      tf.pad(
        t,
        [
          [1, 0],
          [0, 2],
        ],
        3,
      ),
    ),
  ],
  pad1d: [call([vector], (t) => tf.pad1d(t, [1, 2]))],
  pad2d: [
    call([x], (t) =>
      tf.pad2d(t, [
        [1, 0],
        [0, 2],
      ]),
    ),
  ],
  pad3d: [
    call([cube], (t) =>
      tf.pad3d(t, [
        [1, 0],
        [0, 2],
        [1, 1],
      ]),
    ),
  ],
  pad4d: [
    call([batch], (t) =>
      tf.pad4d(t, [
        [1, 0],
        [0, 2],
        [1, 1],
        [0, 0],
      ]),
    ),
  ],
  mirrorPad: [
    {
      ...call([x], (t) =>
        tf.mirrorPad(
          t,
          [
            [1, 1],
            [2, 0],
          ],
          'reflect',
        ),
      ),
      otherGradient: 'it forgets what was mirrored into the border',
    },
    {
      ...call([x], (t) =>
        tf.mirrorPad(
          t,
          [
            [1, 1],
            [2, 0],
          ],
          'symmetric',
        ),
      ),
      otherGradient: 'it forgets what was mirrored into the border',
    },
  ],
  slice: [call([cube], (t) => tf.slice(t, [0, 1, 1], [2, 2, 2]))],
  slice1d: [call([vector], (t) => tf.slice1d(t, 1, 3))],
  slice2d: [call([x], (t) => tf.slice2d(t, [0, 1], [2, 2]))],
  slice3d: [call([cube], (t) => tf.slice3d(t, [1, 0, 2], [1, 2, 2]))],
  slice4d: [call([batch], (t) => tf.slice4d(t, [1, 0, 2, 1], [1, 2, 2, 3]))],
  stridedSlice: [call([cube], (t) => tf.stridedSlice(t, [1, 2, 3], [0, 0, 0], [-1, -1, -2]))],
  split: [call([x], (t) => tf.split(t, [1, 2], 1))],
  stack: [call([x, y], (a, b) => tf.stack([a, b], 1))],
  unstack: [call([cube], (t) => tf.unstack(t, 1))],
  concat: [call([x, y], (a, b) => tf.concat([a, b], 1))],
  concat1d: [call([vector, floats([2], 2)], (a, b) => tf.concat1d([a, b]))],
  concat2d: [call([x, y], (a, b) => tf.concat2d([a, b], 0))],
  concat3d: [call([cube, cube], (a, b) => tf.concat3d([a, b], 2))],
  concat4d: [call([batch, batch], (a, b) => tf.concat4d([a, b], 1))],
};

export const indexing: Calls = {
  gather: [
    call([cube], (t) => tf.gather(t, at(2, 0, 1, 1), 1)),
    call([x, ints([2], [1, 0])], (t, i) => tf.gather(t, i)),
  ],
  gatherND: [
    call([cube], (t) =>
      tf.gatherND(
        t,
        tf.tensor2d(
          [
            [0, 1],
            [1, 2],
          ],
          [2, 2],
          'int32',
        ),
      ),
    ),
  ],
  scatterND: [call([floats([3])], (t) => tf.scatterND(tf.tensor2d([[4], [1], [4]], [3, 1], 'int32'), t, [6]))],
  tensorScatterUpdate: [
    call([x, floats([1, 3], 2)], (t, u) => tf.tensorScatterUpdate(t, tf.tensor2d([[1]], [1, 1], 'int32'), u)),
  ],
  sparseToDense: [
    call([floats([2])], (t) => tf.sparseToDense(at(3, 1), t, [5])),
    call([floats([2]), floats([])], (t, d) => tf.sparseToDense(at(3, 1), t, [5], d)),
  ],
  unsortedSegmentSum: [call([floats([4, 2])], (t) => tf.unsortedSegmentSum(t, at(0, 2, 0, 1), 3))],
  'sparse.sparseSegmentSum': [call([x], (t) => tf.sparse.sparseSegmentSum(t, at(0, 1, 1), at(0, 0, 1)))],
  'sparse.sparseSegmentMean': [call([x], (t) => tf.sparse.sparseSegmentMean(t, at(0, 1, 1), at(0, 0, 1)))],
  bincount: [
    stepped([ints([4], [1, 0, 1, 2])], (t) => tf.bincount(t, tf.tensor1d([]), 4)),
    call([floats([4])], (w) => tf.bincount(at(1, 0, 1, 2), w, 4)),
    call([ints([4], [1, 0, 1, 2]), floats([4])], (t, w) => tf.bincount(t, w, 4)),
  ],
  denseBincount: [
    stepped([ints([2, 2], [1, 0, 1, 2])], (t) => tf.denseBincount(t, tf.tensor1d([]), 4, true)),
    call([ints([2, 2], [1, 0, 1, 2]), floats([2, 2])], (t, w) => tf.denseBincount(t, w, 4)),
  ],
  'math.confusionMatrix': [
    stepped([ints([4], [0, 1, 2, 1]), ints([4], [0, 2, 2, 1])], (a, b) => tf.math.confusionMatrix(a, b, 3)),
  ],
  topk: [
    call([cube], (t) => tf.topk(t, 3).values),
    stepped([cube], (t) => tf.topk(t, 3).indices),
    call([x], (t) => {
      const { values, indices } = tf.topk(t, 2);
      return tf.mul(values, tf.cast(indices, 'float32'));
    }),
  ],
  searchSorted: [
    stepped([ints([1, 4], [1, 3, 3, 5]), ints([1, 3], [0, 3, 6])], (s, v) => tf.searchSorted(s, v, 'right')),
  ],
  lowerBound: [stepped([ints([1, 4], [1, 3, 3, 5]), ints([1, 3], [0, 3, 6])], (s, v) => tf.lowerBound(s, v))],
  upperBound: [stepped([ints([1, 4], [1, 3, 3, 5]), ints([1, 3], [0, 3, 6])], (s, v) => tf.upperBound(s, v))],
};

const mask = bools([2, 3], [1, 0, 1, 1, 1, 1]);

export const reductions: Calls = {
  all: [stepped([mask], (t) => tf.all(t, 1))],
  any: [stepped([mask], (t) => tf.any(t, 0, true))],
  argMax: [stepped([x], (t) => tf.argMax(t, 1))],
  argMin: [stepped([x], (t) => tf.argMin(t, 0))],
  cumprod: [call([x], (t) => tf.cumprod(t, 1, true))],
  cumsum: [call([x], (t) => tf.cumsum(t, 1, false, true))],
  euclideanNorm: [call([x], (t) => tf.euclideanNorm(t, 1))],
  logSumExp: [call([x], (t) => tf.logSumExp(t, 1)), call([x], (t) => tf.logSumExp(t))],
  max: [call([x], (t) => tf.max(t, 1))],
  mean: [call([x], (t) => tf.mean(t, 0, true))],
  min: [call([x], (t) => tf.min(t))],
  moments: [
    call([x], (t) => {
      const { mean, variance } = tf.moments(t, 1);
      return [mean, variance];
    }),
  ],
  norm: [
    call([x], (t) => tf.norm(t)),
    call([x], (t) => tf.norm(t, 1, 0)),
    call([x], (t) => tf.norm(t, Number.POSITIVE_INFINITY, 1)),
    call([x], (t) => tf.norm(t, Number.NEGATIVE_INFINITY)),
    call([x], (t) => tf.norm(t, 'fro', [0, 1])),
    call([x], (t) => tf.norm(t, 'euclidean', 1, true)),
  ],
  prod: [call([x], (t) => tf.prod(t, 1))],
  sum: [call([x], (t) => tf.sum(t, 0))],
};
