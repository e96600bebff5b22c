/** Cases of the kernels that move, cut, join, pad and repeat. */

import * as tf from '@tensorflow/tfjs';
import { bools, type Case, exactly, floats, type Input, ints } from '../case.ts';

const one = (kernel: string, name: string, input: Input, f: (t: tf.Tensor) => tf.Tensor): Case => ({
  kernel,
  name: `${kernel}: ${name}`,
  inputs: [input],
  f,
});

const many = (kernel: string, name: string, inputs: Input[], f: (...t: tf.Tensor[]) => tf.Tensor): Case => ({
  kernel,
  name: `${kernel}: ${name}`,
  inputs,
  f,
});

const x = floats([2, 3, 4]);
const image = floats([2, 4, 4, 3]);
const whole = ints([2, 3], [1, 2, 3, 4, 5, 6]);

/** All parts of a split, each with a factor of its own, so that none can take another's place. */
const weighted = (parts: tf.Tensor[]): tf.Tensor => tf.concat(parts.map((t, i) => t.mul(i + 1).flatten()));

export const shapeCases: Case[] = [
  one('Reshape', 'to a known shape', x, (t) => t.reshape([4, 6])),
  one('Reshape', 'to an inferred shape', x, (t) => t.reshape([3, -1])),
  one('Reshape', 'of bool', bools([2, 2], [1, 0, 0, 1]), (t) => t.reshape([4])),
  one('Reshape', 'squeeze', floats([1, 3, 1]), (t) => t.squeeze()),
  one('ExpandDims', 'first', x, (t) => t.expandDims(0)),
  one('ExpandDims', 'last', x, (t) => t.expandDims(-1)),
  one('ExpandDims', 'inner', x, (t) => t.expandDims(-2)),
  one('Transpose', 'all reversed', x, (t) => t.transpose()),
  one('Transpose', 'by a permutation', x, (t) => t.transpose([1, 2, 0])),
  one('Transpose', 'of int32', whole, (t) => t.transpose()),
  one('Reverse', 'one axis', x, (t) => t.reverse(-1)),
  one('Reverse', 'all axes', x, (t) => t.reverse()),
  one('Tile', 'every axis', x, (t) => tf.tile(t, [2, 1, 3])),
  one('Tile', 'nothing', x, (t) => tf.tile(t, [1, 1, 1])),
  one('Tile', 'a vector', exactly([2], [1, 2]), (t) => tf.tile(t, [3])),
  one('Tile', 'broadcastTo', floats([1, 3]), (t) => tf.broadcastTo(t, [4, 2, 3])),
  one('FlipLeftRight', 'an image', image, (t) => tf.image.flipLeftRight(t as tf.Tensor4D)),
  one('Diag', 'a vector', floats([3]), (t) => tf.diag(t)),
  one('Diag', 'a matrix', floats([2, 2]), (t) => tf.diag(t)),
  one('Diag', 'of int32', whole, (t) => tf.diag(t)),
  one('OneHot', 'int32', ints([4], [0, 2, 5, -1]), (t) => tf.oneHot(t, 3)),
  one('OneHot', 'float32, on and off', ints([2, 2], [0, 1, 2, 3]), (t) => tf.oneHot(t, 3, 2.5, -1, 'float32')),
  one('OneHot', 'bool', ints([2], [0, 1]), (t) => tf.oneHot(t, 3, 1, 0, 'bool')),
];

const strided = (name: string, ...args: unknown[]): Case =>
  one('StridedSlice', name, x, (t) => (tf.stridedSlice as (t: tf.Tensor, ...a: unknown[]) => tf.Tensor)(t, ...args));

export const slicingCases: Case[] = [
  one('Slice', 'a part', x, (t) => t.slice([0, 1, 1], [2, 2, 2])),
  one('Slice', 'to the end', x, (t) => t.slice([1, 0, 2], [-1, 2, -1])),
  one('Slice', 'leading axes only', x, (t) => t.slice(1)),
  one('Slice', 'nothing', x, (t) => t.slice([0, 1, 0], [2, 0, 4])),
  one('Slice', 'of int32', whole, (t) => t.slice([0, 1], [2, 1])),
  strided('steps', [0, 0, 0], [2, 3, 4], [1, 2, 3]),
  strided('backward', [1, 2, 3], [0, 0, 0], [-1, -1, -2]),
  strided('backward to the start', [0, -1, -1], [2, -4, -5], [1, -2, -1]),
  strided('masks of begin and end', [1, 1, 1], [1, 2, 2], [1, 1, 1], 0b001, 0b101),
  strided('an ellipsis', [0, 1], [0, 3], [1, 1], 0, 0, 0b01),
  strided('a new axis', [0, 0, 1], [0, 2, 2], [1, 1, 1], 0, 0, 0, 0b001),
  strided('a shrunk axis', [1, 0, -1], [2, 3, 0], [1, 1, 1], 0, 0, 0, 0, 0b101),
  strided('nothing', [1, 0, 0], [1, 3, 4], [1, 1, 1]),
  many('Concat', 'three, one of them empty', [floats([2, 3]), floats([2, 0]), floats([2, 2], 3)], (...t) =>
    tf.concat(t, -1),
  ),
  many('Concat', 'along the first axis', [floats([1, 3]), floats([2, 3], 2)], (...t) => tf.concat(t, 0)),
  many('Pack', 'in front', [floats([2, 3]), floats([2, 3], 2)], (...t) => tf.stack(t)),
  many('Pack', 'behind', [floats([2, 3]), floats([2, 3], 2), floats([2, 3], 3)], (...t) => tf.stack(t, -1)),
  one('Unpack', 'an inner axis', x, (t) => weighted(tf.unstack(t, 1))),
  one('Unpack', 'the last axis', x, (t) => weighted(tf.unstack(t, -1))),
  one('SplitV', 'equal parts', x, (t) => weighted(tf.split(t, 2, 2))),
  one('SplitV', 'given sizes', x, (t) => weighted(tf.split(t, [1, -1, 1], -1))),
];

const mirrored: Case[] = (['reflect', 'symmetric'] as const).map((mode) => ({
  ...one('MirrorPad', mode, x, (t) => {
    const room =
      mode === 'reflect'
        ? [
            [1, 0],
            [2, 2],
            [0, 3],
          ]
        : [
            [2, 1],
            [0, 3],
            [4, 0],
          ];
    return tf.mirrorPad(t, room as [number, number][], mode);
  }),
  otherGradient: 'it leaves out what comes back from the mirror images',
}));

export const paddingCases: Case[] = [
  one('PadV2', 'zeros', x, (t) =>
    tf.pad(t, [
      [1, 0],
      [0, 2],
      [1, 1],
    ]),
  ),
  one('PadV2', 'another value', x, (t) =>
    tf.pad(
      t,
      [
        [0, 0],
        [1, 1],
        [0, 0],
      ],
      2.5,
    ),
  ),
  one('PadV2', 'of int32', whole, (t) =>
    tf.pad(
      t,
      [
        [1, 1],
        [0, 1],
      ],
      7,
    ),
  ),
  ...mirrored,
  one('SpaceToBatchND', 'with padding', image, (t) =>
    tf.spaceToBatchND(
      t,
      [2, 3],
      [
        [0, 0],
        [1, 1],
      ],
    ),
  ),
  one('SpaceToBatchND', 'one axis', image, (t) => tf.spaceToBatchND(t, [2], [[1, 1]])),
  one('BatchToSpaceND', 'with crops', floats([6, 2, 3, 2]), (t) =>
    tf.batchToSpaceND(
      t,
      [2, 3],
      [
        [1, 0],
        [2, 3],
      ],
    ),
  ),
  one('BatchToSpaceND', 'one axis', floats([4, 2, 3]), (t) => tf.batchToSpaceND(t, [2], [[0, 1]])),
  one('DepthToSpace', 'channels last', floats([1, 2, 2, 8]), (t) => tf.depthToSpace(t as tf.Tensor4D, 2, 'NHWC')),
];

const at =
  (dtype: 'int32', ...shape: number[]) =>
  (...values: number[]): tf.Tensor =>
    tf.tensor(values, shape, dtype);

/** Numbers all over 0 … 1099, some of them twice. */
const spread = (shape: number[]): Input =>
  ints(
    shape,
    Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => (Math.floor(i / 2) * 397) % 1100),
  );

export const indexingCases: Case[] = [
  one('GatherV2', 'rows', x, (t) => tf.gather(t, at('int32', 3)(1, 0, 1))),
  one('GatherV2', 'an inner axis by a matrix', x, (t) => tf.gather(t, at('int32', 2, 2)(2, 0, 1, 2), 1)),
  one('GatherV2', 'the last axis by a scalar', x, (t) => tf.gather(t, tf.scalar(2, 'int32'), -1)),
  one('GatherV2', 'of int32', whole, (t) => tf.gather(t, at('int32', 2)(2, 1), 1)),
  one('GatherV2', 'by batch', x, (t) => tf.gather(t, at('int32', 2, 2)(2, 0, 1, 1), 1, 1)),
  one('GatherV2', 'by batch, a later axis', x, (t) => tf.gather(t, at('int32', 2, 2)(3, 0, 1, 2), 2, 1)),
  one('GatherV2', 'by two batches', x, (t) => tf.gather(t, at('int32', 2, 3, 1)(3, 0, 1, 2, 1, 1), 2, 2)),
  many('GatherV2', 'by traced indices', [x, ints([2], [2, 0])], (t, i) => tf.gather(t, i as tf.Tensor1D, 1)),
  many('GatherV2', 'by traced indices, by batch', [x, ints([2, 2], [2, 0, 1, 1])], (t, i) =>
    tf.gather(t, i as tf.Tensor2D, 1, 1),
  ),
  one('GatherNd', 'elements', x, (t) => tf.gatherND(t, at('int32', 2, 3)(0, 1, 2, 1, 2, 3))),
  one('GatherNd', 'rows', x, (t) => tf.gatherND(t, at('int32', 2, 2, 1)(0, 1, 1, 1))),
  many('GatherNd', 'traced', [x, ints([2, 2], [1, 2, 0, 0])], (t, i) => tf.gatherND(t, i)),
  one('ScatterNd', 'elements, one twice', floats([3]), (t) => tf.scatterND(at('int32', 3, 1)(4, 1, 4), t, [6])),
  one('ScatterNd', 'rows', floats([2, 4]), (t) => tf.scatterND(at('int32', 2, 1)(2, 0), t, [3, 4])),
  one('ScatterNd', 'matrix elements', floats([2]), (t) => tf.scatterND(at('int32', 2, 2)(2, 0, 1, 3), t, [3, 4])),
  one('ScatterNd', 'of int32', ints([2], [5, 6]), (t) => tf.scatterND(at('int32', 2, 1)(2, 2), t, [3])),
  many('TensorScatterUpdate', 'rows', [floats([3, 2]), floats([2, 2], 2)], (t, u) =>
    tf.tensorScatterUpdate(t, at('int32', 2, 1)(2, 0), u),
  ),
  many('TensorScatterUpdate', 'of int32', [ints([4], [1, 2, 3, 4]), ints([2], [8, 9])], (t, u) =>
    tf.tensorScatterUpdate(t, at('int32', 2, 1)(3, 1), u),
  ),
  one('SparseToDense', 'a vector', floats([2]), (t) => tf.sparseToDense(at('int32', 2)(3, 1), t, [5], tf.scalar(0.5))),
  one('SparseToDense', 'a matrix, one value', floats([]), (t) =>
    tf.sparseToDense(at('int32', 2, 2)(0, 1, 2, 0), t, [3, 2], tf.scalar(-1)),
  ),
  one('DenseBincount', 'weights', floats([4]), (t) =>
    tf.denseBincount(at('int32', 4)(1, 0, 1, 7) as tf.Tensor1D, t as tf.Tensor1D, 4),
  ),
  one('DenseBincount', 'weights by row', floats([2, 3]), (t) =>
    tf.denseBincount(at('int32', 2, 3)(1, 0, 1, 2, 2, 0) as tf.Tensor2D, t as tf.Tensor2D, 3),
  ),
  one('DenseBincount', 'counts', ints([4], [1, 0, 1, 7]), (t) =>
    tf.denseBincount(t as tf.Tensor1D, tf.tensor1d([]), 4),
  ),
  many('DenseBincount', 'weights, many bins', [spread([70]), floats([70])], (t, w) =>
    tf.denseBincount(t as tf.Tensor1D, w as tf.Tensor1D, 1000),
  ),
  many('DenseBincount', 'weights by row, many bins', [spread([2, 35]), floats([2, 35])], (t, w) =>
    tf.denseBincount(t as tf.Tensor2D, w as tf.Tensor2D, 1000),
  ),
  one('DenseBincount', 'presence by row, many bins', spread([2, 35]), (t) =>
    tf.denseBincount(t as tf.Tensor2D, tf.tensor2d([], [0, 0]), 1000, true),
  ),
  one('DenseBincount', 'presence', ints([2, 2], [1, 1, 0, 2]), (t) =>
    tf.denseBincount(t as tf.Tensor2D, tf.tensor2d([], [0, 0]), 3, true),
  ),
  one('Bincount', 'counts, over all axes', ints([2, 2, 1], [1, 0, 1, 7]), (t) =>
    tf.bincount(t as tf.Tensor1D, tf.tensor1d([]), 4),
  ),
  one('Bincount', 'weights, over all axes', floats([2, 2]), (t) =>
    tf.bincount(tf.tensor2d([1, 0, 1, 3], [2, 2], 'int32') as never, t as never, 4),
  ),
  one('Bincount', 'weights', floats([4]), (t) =>
    tf.bincount(at('int32', 4)(1, 0, 1, 3) as tf.Tensor1D, t as tf.Tensor1D, 4),
  ),
];
