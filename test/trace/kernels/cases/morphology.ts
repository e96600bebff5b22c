/** Cases of dilation: strides, paddings, dilations, ties, and its gradients. */

import * as tf from '@tensorflow/tfjs';
import { type Case, exactly, floats, ints } from '../case.ts';
import { gradientCase, many } from './spatial.ts';

type Pair = [number, number];

interface Geometry {
  readonly filter: Pair;
  readonly strides: Pair | number;
  readonly pad: 'valid' | 'same';
  readonly dilations?: Pair | number;
}

const geometries: Geometry[] = [
  { filter: [2, 3], strides: 1, pad: 'valid' },
  { filter: [3, 3], strides: 1, pad: 'same' },
  { filter: [2, 2], strides: 2, pad: 'same' },
  { filter: [2, 2], strides: [2, 3], pad: 'valid' },
  { filter: [1, 3], strides: [2, 1], pad: 'same' },
  { filter: [3, 1], strides: 1, pad: 'valid' },
  { filter: [1, 1], strides: 2, pad: 'valid' },
  { filter: [2, 2], strides: 1, pad: 'same', dilations: 2 },
  { filter: [2, 3], strides: 1, pad: 'valid', dilations: [3, 2] },
  { filter: [5, 6], strides: 1, pad: 'valid' },
];

const dilate =
  ({ strides, pad, dilations }: Geometry) =>
  (x: tf.Tensor4D, filter: tf.Tensor3D): tf.Tensor =>
    tf.dilation2d(x, filter, strides, pad, dilations ?? 1);

const label = ({ filter, strides, pad, dilations }: Geometry): string =>
  `[${filter}] strides ${strides} pad ${pad}${dilations ? ` dilations ${dilations}` : ''}`;

const image = floats([2, 5, 6, 2]);

export const dilationCases: Case[] = geometries.flatMap((g) => {
  const inputs = [image, floats([...g.filter, 2], 2)];
  return [
    many('Dilation2D', label(g), inputs, dilate(g)),
    gradientCase('Dilation2DBackpropInput', label(g), inputs, dilate(g), 0),
    gradientCase('Dilation2DBackpropFilter', label(g), inputs, dilate(g), 1),
  ];
});

const tied = [exactly([1, 3, 3, 1], [1, 2, 2, 2, 1, 2, 2, 2, 1]), exactly([2, 2, 1], [0, 0, 0, 0])];
const plain: Geometry = { filter: [2, 2], strides: 1, pad: 'same' };
/** Of the three windows along an axis of three elements, one has no element in it. */
const wide: Geometry = { filter: [2, 2], strides: 1, pad: 'same', dilations: 4 };
const small = [floats([1, 3, 3, 1]), floats([2, 2, 1], 2)];
const lost = 'tfjs gives what comes of windows of padding alone to some element';

export const otherDilationCases: Case[] = [
  many('Dilation2D', 'of rank 3', [floats([3, 4, 2]), floats([2, 2, 2], 2)], (x: tf.Tensor3D, w: tf.Tensor3D) =>
    tf.dilation2d(x, w, 1, 'valid'),
  ),
  many(
    'Dilation2D',
    'of int32',
    [ints([1, 2, 3, 1], [1, 5, 2, 0, -1, 4]), ints([2, 2, 1], [0, 3, -1, 2])],
    (x: tf.Tensor4D, w: tf.Tensor3D) => tf.dilation2d(x, w, 1, 'same'),
  ),
  { ...many('Dilation2D', 'ties', tied, dilate(plain)), smooth: false },
  { ...gradientCase('Dilation2DBackpropInput', 'ties', tied, dilate(plain), 0), smooth: false },
  { ...gradientCase('Dilation2DBackpropFilter', 'ties', tied, dilate(plain), 1), smooth: false },
  { ...many('Dilation2D', 'windows of padding alone', small, dilate(wide)), smooth: false },
  {
    ...gradientCase('Dilation2DBackpropInput', 'windows of padding alone', small, dilate(wide), 0),
    differs: lost,
    smooth: false,
  },
  {
    ...gradientCase('Dilation2DBackpropFilter', 'windows of padding alone', small, dilate(wide), 1),
    differs: lost,
    smooth: false,
  },
];
