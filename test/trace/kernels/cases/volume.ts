/** Cases of convolutions and poolings over three axes, and of what in two has more than one way to go wrong. */

import * as tf from '@tensorflow/tfjs';
import { type Case, exactly, floats } from '../case.ts';
import { gradientCase, many } from './spatial.ts';

type Triple = [number, number, number];

interface Geometry {
  readonly size: Triple;
  readonly strides: Triple | number;
  readonly pad: 'valid' | 'same';
  readonly dilations?: Triple | number;
}

const label = ({ size, strides, pad, dilations }: Geometry): string =>
  `[${size}] strides ${strides} pad ${pad}${dilations ? ` dilations ${dilations}` : ''}`;

const geometries: Geometry[] = [
  { size: [2, 2, 2], strides: 1, pad: 'valid' },
  { size: [2, 3, 1], strides: 1, pad: 'same' },
  { size: [3, 2, 2], strides: [2, 1, 2], pad: 'same' },
  { size: [1, 2, 3], strides: [1, 2, 1], pad: 'valid' },
  { size: [1, 1, 1], strides: 2, pad: 'valid' },
  { size: [3, 4, 3], strides: 1, pad: 'valid' },
  { size: [2, 2, 2], strides: 1, pad: 'same', dilations: [2, 1, 2] },
  { size: [2, 2, 2], strides: 1, pad: 'valid', dilations: 2 },
];

const convolve =
  ({ strides, pad, dilations }: Geometry) =>
  (x: tf.Tensor5D, w: tf.Tensor5D): tf.Tensor =>
    tf.conv3d(x, w, strides, pad, 'NDHWC', dilations ?? 1);

const volume = floats([2, 3, 4, 3, 2]);

export const volumeCases: Case[] = geometries.flatMap((g) => {
  const inputs = [volume, floats([...g.size, 2, 2], 2)];
  const cases = [many('Conv3D', label(g), inputs, convolve(g))];
  if (g.dilations) return cases;
  return [
    ...cases,
    gradientCase('Conv3DBackpropInputV2', label(g), inputs, convolve(g), 0),
    gradientCase('Conv3DBackpropFilterV2', label(g), inputs, convolve(g), 1),
  ];
});

interface Pool extends Geometry {
  readonly rounding?: 'floor' | 'round' | 'ceil';
  readonly room?: number;
}

const pools: Pool[] = [
  { size: [2, 2, 2], strides: 2, pad: 'valid' },
  { size: [2, 3, 2], strides: 1, pad: 'valid' },
  { size: [3, 3, 2], strides: [1, 2, 2], pad: 'same' },
  { size: [1, 2, 1], strides: [2, 1, 1], pad: 'same' },
  { size: [2, 2, 2], strides: 2, pad: 'valid', room: 1, rounding: 'ceil' },
  { size: [3, 4, 3], strides: 1, pad: 'valid' },
];

const share = 'tfjs divides by the size of the window where part of it is padding';
const places = 'tfjs mixes up places in windows of which height and width differ';

export const volumePoolingCases: Case[] = pools.flatMap((p) => {
  const pad = p.room ?? p.pad;
  const max = (x: tf.Tensor): tf.Tensor => tf.maxPool3d(x as tf.Tensor5D, p.size, p.strides, pad, p.rounding);
  const average = (x: tf.Tensor): tf.Tensor => tf.avgPool3d(x as tf.Tensor5D, p.size, p.strides, pad, p.rounding);
  const isPadded = p.pad === 'same' || p.room !== undefined;
  const isSquare = p.size[1] === p.size[2];
  // Windows of padding alone are there.
  const corner = p.rounding ? { smooth: false as const } : {};
  return [
    { ...many('MaxPool3D', label(p), [volume], max), ...corner },
    many('AvgPool3D', label(p), [volume], average),
    {
      ...gradientCase('MaxPool3DGrad', label(p), [volume], max, 0),
      ...(isSquare ? {} : { differs: places }),
      ...corner,
    },
    { ...gradientCase('AvgPool3DGrad', label(p), [volume], average, 0), ...(isPadded ? { differs: share } : {}) },
  ];
});

const image = floats([2, 5, 6, 2]);
const tied = exactly([1, 2, 2, 2, 1], [3, 3, 1, 3, 3, 0, 3, 2]);

export const moreSpatialCases: Case[] = [
  {
    ...gradientCase('MaxPool3DGrad', 'ties', [tied], (x: tf.Tensor5D) => tf.maxPool3d(x, 2, 1, 'same'), 0),
    smooth: false,
    differs: 'tfjs gives it to the last of equals',
  },
  many('Conv3D', 'strides beyond the filter', [volume, floats([1, 1, 2, 2, 1], 2)], (x: tf.Tensor5D, w: tf.Tensor5D) =>
    tf.conv3d(x, w, [2, 3, 1], 'same'),
  ),
  many('MaxPool3D', 'strides beyond the window', [volume], (x: tf.Tensor5D) => tf.maxPool3d(x, 1, [3, 2, 2], 'same')),
  ...([2, [3, 2]] as const).map((size) =>
    many(
      'MaxPoolWithArgmax',
      `values of [${size}]`,
      [image],
      (x: tf.Tensor4D) => tf.maxPoolWithArgmax(x, size as number, 2, 'same').result,
    ),
  ),
  many('MaxPool', 'pool with strides', [image], (x: tf.Tensor4D) => tf.pool(x, 3, 'max', 1, 1, [2, 1])),
  many('AvgPool', 'pool with strides', [image], (x: tf.Tensor4D) => tf.pool(x, [3, 2], 'avg', 'same', 1, 2)),
  many('Conv2D', 'conv1d, dilated', [floats([2, 7, 2]), floats([3, 2, 2], 2)], (x: tf.Tensor3D, w: tf.Tensor3D) =>
    tf.conv1d(x, w, 1, 'same', 'NWC', 2),
  ),
  many('Conv2D', 'conv1d of rank 2', [floats([6, 2]), floats([2, 2, 3], 2)], (x: tf.Tensor2D, w: tf.Tensor3D) =>
    tf.conv1d(x, w, 2, 'valid'),
  ),
  many(
    'Conv2DBackpropInput',
    'transposed convolution with pairs of paddings',
    [floats([1, 2, 3, 2]), floats([3, 2, 3, 2], 2)],
    (x: tf.Tensor4D, w: tf.Tensor4D) =>
      tf.conv2dTranspose(x, w, [1, 4, 5, 3], 2, [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
  ),
  many(
    'Conv2DBackpropInput',
    'transposed convolution, strides of each axis',
    [floats([2, 2, 3, 1]), floats([2, 3, 2, 1], 2)],
    (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [2, 2, 8, 2], [1, 3], 'same'),
  ),
  ...([1, 3] as const).map((stride) =>
    many(
      'Conv3DBackpropInputV2',
      `transposed convolution, strides ${stride}`,
      [floats([1, 2, 1, 2, 2]), floats([2, 2, 3, 1, 2], 2)],
      (x: tf.Tensor5D, w: tf.Tensor5D) =>
        tf.conv3dTranspose(x, w, [1, 2 * stride, stride, 2 * stride, 1], stride, 'same'),
    ),
  ),
  many(
    'DepthwiseConv2dNative',
    'separable, strides and valid',
    [image, floats([3, 2, 2, 2], 2), floats([1, 1, 4, 2], 3)],
    (x: tf.Tensor4D, d: tf.Tensor4D, p: tf.Tensor4D) => tf.separableConv2d(x, d, p, [2, 1], 'valid'),
  ),
  many('SpaceToBatchND', 'three axes', [floats([1, 2, 4, 2, 2])], (x: tf.Tensor) =>
    tf.spaceToBatchND(
      x,
      [2, 2, 1],
      [
        [0, 0],
        [2, 0],
        [0, 1],
      ],
    ),
  ),
  many('BatchToSpaceND', 'three axes', [floats([8, 2, 1, 2])], (x: tf.Tensor) =>
    tf.batchToSpaceND(
      x,
      [2, 2, 2],
      [
        [1, 0],
        [0, 0],
        [0, 2],
      ],
    ),
  ),
  many('DepthToSpace', 'of blocks of three', [floats([2, 1, 2, 18])], (x: tf.Tensor4D) => tf.depthToSpace(x, 3)),
  ...([1, 0.5, 2, 0.3] as const).map((beta) =>
    many('LRN', `exponent ${beta}`, [floats([2, 1, 2, 5])], (x: tf.Tensor4D) =>
      tf.localResponseNormalization(x, 2, 1, 0.7, beta),
    ),
  ),
  many('LRN', 'of rank 3', [floats([2, 1, 4])], (x: tf.Tensor3D) => tf.localResponseNormalization(x)),
  ...([1, 5] as const).map((radius) =>
    gradientCase(
      'LRNGrad',
      `radius ${radius}`,
      [floats([2, 1, 2, 4])],
      (x: tf.Tensor4D) => tf.localResponseNormalization(x, radius, 1.5, 0.5, 0.5),
      0,
    ),
  ),
];
