/** Cases of convolutions and poolings: strides, paddings, dilations, data formats, and their gradients. */

import * as tf from '@tensorflow/tfjs';
import { type Case, exactly, floats, type Input, positive } from '../case.ts';

export const many = (kernel: string, name: string, inputs: Input[], f: (...t: never[]) => tf.Tensor): Case => ({
  kernel,
  name: `${kernel}: ${name}`,
  inputs,
  f: f as unknown as Case['f'],
});

type Pad = 'valid' | 'same' | number | [[number, number], [number, number], [number, number], [number, number]];
type Pair = [number, number];
interface Geometry {
  readonly filter: Pair;
  readonly strides: Pair | number;
  readonly pad: Pad;
  readonly dilations?: Pair | number;
  readonly format?: 'NHWC' | 'NCHW';
  readonly rounding?: 'floor' | 'round' | 'ceil';
}

const explicit: Pad = [
  [0, 0],
  [2, 1],
  [0, 2],
  [0, 0],
];

const geometries: Geometry[] = [
  { filter: [2, 3], strides: 1, pad: 'valid' },
  { filter: [3, 2], strides: 1, pad: 'same' },
  { filter: [3, 3], strides: [2, 1], pad: 'same' },
  { filter: [2, 2], strides: 2, pad: 'valid' },
  { filter: [1, 1], strides: 1, pad: 'valid' },
  { filter: [1, 1], strides: 2, pad: 'same' },
  { filter: [1, 3], strides: [2, 1], pad: 1 },
  { filter: [2, 2], strides: 1, pad: 'same', dilations: [2, 3] },
  { filter: [2, 3], strides: 1, pad: 'valid', dilations: 2 },
  { filter: [5, 6], strides: 1, pad: 'valid' },
  { filter: [3, 3], strides: 2, pad: explicit },
  { filter: [2, 2], strides: 3, pad: 'valid' },
  { filter: [2, 2], strides: [2, 3], pad: 0, rounding: 'ceil' },
  { filter: [3, 2], strides: 1, pad: 'same', format: 'NCHW' },
  { filter: [2, 1], strides: [1, 2], pad: 'valid', format: 'NCHW' },
];

const label = ({ filter, strides, pad, dilations, format, rounding }: Geometry): string =>
  `[${filter}] strides ${strides} pad ${pad}${dilations ? ` dilations ${dilations}` : ''} ${format ?? ''}${rounding ?? ''}`;

const image = (format?: string): Input => floats(format === 'NCHW' ? [2, 2, 5, 6] : [2, 5, 6, 2]);

const convolve = (g: Geometry) => (x: tf.Tensor4D, w: tf.Tensor4D) =>
  tf.conv2d(x, w, g.strides, g.pad as 'valid', g.format, g.dilations ?? 1, g.rounding);

/** The gradient by tf.grads of the sum of squares. */
export const gradientCase = (
  kernel: string,
  name: string,
  inputs: Input[],
  f: (...t: never[]) => tf.Tensor,
  operand: number,
): Case => {
  const squares = (...t: tf.Tensor[]): tf.Tensor => f(...(t as never[])).square();
  return {
    ...many(kernel, name, inputs, (...t: tf.Tensor[]) => tf.grads(squares)(t)[operand]),
    gradientOf: { primal: (...t) => squares(...t).sum(), operand },
  };
};

const forgotten = "tfjs' gradients forget dimRoundingMode";

export const convolutionCases: Case[] = geometries.flatMap((g) => {
  const filter = floats([...g.filter, 2, 3], 2);
  const cases = [many('Conv2D', label(g), [image(g.format), filter], convolve(g))];
  if (!g.dilations) {
    const inputs = [image(g.format), filter];
    const more = g.rounding ? { differs: forgotten } : {};
    cases.push({ ...gradientCase('Conv2DBackpropInput', label(g), inputs, convolve(g), 0), ...more });
    cases.push({ ...gradientCase('Conv2DBackpropFilter', label(g), inputs, convolve(g), 1), ...more });
  }
  return cases;
});

const depthwise = (g: Geometry) => (x: tf.Tensor4D, w: tf.Tensor4D) =>
  tf.depthwiseConv2d(x, w, g.strides, g.pad as 'valid', 'NHWC', g.dilations ?? 1);

export const depthwiseCases: Case[] = geometries
  .filter((g) => g.format !== 'NCHW' && !g.rounding)
  .flatMap((g) => {
    const inputs = [image(), floats([...g.filter, 2, 2], 2)];
    const cases = [many('DepthwiseConv2dNative', label(g), inputs, depthwise(g))];
    if (!g.dilations) {
      cases.push(gradientCase('DepthwiseConv2dNativeBackpropInput', label(g), inputs, depthwise(g), 0));
      cases.push(gradientCase('DepthwiseConv2dNativeBackpropFilter', label(g), inputs, depthwise(g), 1));
    }
    return cases;
  });

const fusedInputs = [image(), floats([2, 2, 2, 3], 2), floats([3], 3)];

export const otherConvolutionCases: Case[] = [
  many(
    'Conv2DBackpropInput',
    'transposed convolution',
    [floats([1, 2, 3, 2]), floats([3, 2, 3, 2], 2)],
    (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [1, 4, 6, 3], 2, 'same'),
  ),
  many(
    'Conv2DBackpropInput',
    'transposed convolution, valid',
    [floats([1, 2, 3, 2]), floats([3, 2, 3, 2], 2)],
    (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [1, 5, 7, 3], 2, 'valid'),
  ),
  many('Conv2D', 'conv1d', [floats([2, 6, 2]), floats([3, 2, 4], 2)], (x: tf.Tensor3D, w: tf.Tensor3D) =>
    tf.conv1d(x, w, 2, 'same'),
  ),
  many(
    'DepthwiseConv2dNative',
    'separable',
    [image(), floats([2, 2, 2, 2], 2), floats([1, 1, 4, 3], 3)],
    (x: tf.Tensor4D, d: tf.Tensor4D, p: tf.Tensor4D) => tf.separableConv2d(x, d, p, 1, 'same'),
  ),
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).flatMap((activation) => [
    many('FusedConv2D', activation, fusedInputs, (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor) =>
      tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same', activation, leakyreluAlpha: 0.1 }),
    ),
    many(
      'FusedDepthwiseConv2D',
      activation,
      [image(), floats([2, 2, 2, 1], 2), floats([2], 3)],
      (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor) =>
        tf.fused.depthwiseConv2d({ x, filter, bias, strides: 1, pad: 'valid', activation, leakyreluAlpha: 0.1 }),
    ),
  ]),
  many(
    'FusedConv2D',
    'prelu',
    [...fusedInputs, positive([3], 4)],
    (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor, preluActivationWeights: tf.Tensor) =>
      tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same', activation: 'prelu', preluActivationWeights }),
  ),
  many(
    'FusedConv2D',
    'NCHW',
    [image('NCHW'), floats([2, 2, 2, 3], 2), floats([3], 3)],
    (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor) =>
      tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same', dataFormat: 'NCHW', activation: 'relu' }),
  ),
  many('Conv3D', 'valid', [floats([1, 3, 4, 3, 2]), floats([2, 2, 2, 2, 3], 2)], (x: tf.Tensor5D, w: tf.Tensor5D) =>
    tf.conv3d(x, w, 1, 'valid'),
  ),
  many(
    'Conv3D',
    'same, strides',
    [floats([1, 3, 4, 3, 2]), floats([2, 3, 1, 2, 3], 2)],
    (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, [1, 2, 2], 'same'),
  ),
  many(
    'Conv3DBackpropInputV2',
    'transposed convolution',
    [floats([1, 2, 2, 2, 2]), floats([2, 2, 3, 3, 2], 2)],
    (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3dTranspose(x, w, [1, 4, 4, 4, 3], 2, 'same'),
  ),
  many(
    'Conv3DBackpropFilterV2',
    'by tf.grads',
    [floats([1, 3, 3, 2, 2]), floats([2, 2, 2, 2, 2], 2)],
    (x: tf.Tensor5D, w: tf.Tensor5D) =>
      tf.grads((a, b) => tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, 1, 'same').square())([x, w])[1],
  ),
];

interface Pool {
  readonly size: Pair | number;
  readonly strides: Pair | number;
  readonly pad: Pad;
  readonly rounding?: 'floor' | 'round' | 'ceil';
}

const pools: Pool[] = [
  { size: 2, strides: 2, pad: 'valid' },
  { size: [3, 2], strides: 1, pad: 'valid' },
  { size: 3, strides: 2, pad: 'same' },
  { size: [2, 1], strides: [1, 2], pad: 'same' },
  { size: 3, strides: 2, pad: 1, rounding: 'ceil' },
  {
    size: 3,
    strides: 2,
    pad: [
      [0, 0],
      [1, 0],
      [0, 2],
      [0, 0],
    ],
  },
  { size: 1, strides: 1, pad: 'valid' },
  { size: [5, 6], strides: 1, pad: 'valid' },
];

const poolLabel = ({ size, strides, pad, rounding }: Pool): string =>
  `[${size}] strides ${strides} pad ${pad} ${rounding ?? ''}`;

export const poolingCases: Case[] = pools.flatMap((p) => {
  const max = (x: tf.Tensor): tf.Tensor =>
    tf.maxPool(x as tf.Tensor4D, p.size, p.strides, p.pad as 'valid', p.rounding);
  const average = (x: tf.Tensor): tf.Tensor =>
    tf.avgPool(x as tf.Tensor4D, p.size, p.strides, p.pad as 'valid', p.rounding);
  const cases = [many('MaxPool', poolLabel(p), [image()], max), many('AvgPool', poolLabel(p), [image()], average)];
  const padded = p.pad !== 'valid' && p.size !== 1;
  const more = p.rounding ? { differs: forgotten } : {};
  cases.push({ ...gradientCase('MaxPoolGrad', poolLabel(p), [image()], max, 0), ...more });
  cases.push({
    ...gradientCase('AvgPoolGrad', poolLabel(p), [image()], average, 0),
    ...(padded ? { differs: 'tfjs divides by the size of the window where part of it is padding' } : {}),
  });
  return cases;
});

const volume = floats([1, 3, 4, 3, 2]);

export const otherPoolingCases: Case[] = [
  {
    ...many('MaxPool', 'ties', [exactly([1, 2, 2, 1], [3, 3, 1, 3])], (x: tf.Tensor4D) => tf.maxPool(x, 2, 2, 'valid')),
    smooth: false,
  },
  {
    ...many('AvgPool', 'windows of padding alone', [image()], (x: tf.Tensor4D) => tf.avgPool(x, 2, 2, 1, 'ceil')),
    smooth: false,
  },
  {
    ...many('MaxPool', 'windows of padding alone', [image()], (x: tf.Tensor4D) => tf.maxPool(x, 2, 2, 1, 'ceil')),
    smooth: false,
  },
  {
    ...gradientCase(
      'MaxPoolGrad',
      'ties',
      [exactly([1, 2, 3, 1], [3, 3, 1, 3, 0, 1])],
      (x: tf.Tensor4D) => tf.maxPool(x, 2, 1, 'valid'),
      0,
    ),
    smooth: false,
  },
  ...[false, true].flatMap((withBatch) =>
    pools
      .filter((p) => p.rounding === undefined && !Array.isArray(p.pad))
      .map((p) =>
        many(
          'MaxPoolWithArgmax',
          `${poolLabel(p)}, ${withBatch ? 'with batch' : 'without'}`,
          [image()],
          (x: tf.Tensor4D) => tf.maxPoolWithArgmax(x, p.size, p.strides, p.pad as 'valid', withBatch).indexes,
        ),
      ),
  ),
  many('MaxPool', 'dilated', [image()], (x: tf.Tensor4D) => tf.pool(x, 2, 'max', 'same', 2)),
  many('AvgPool', 'dilated', [image()], (x: tf.Tensor4D) => tf.pool(x, [2, 3], 'avg', 'valid', [2, 1])),
  many('MaxPool3D', 'valid', [volume], (x: tf.Tensor5D) => tf.maxPool3d(x, 2, 1, 'valid')),
  many('MaxPool3D', 'same', [volume], (x: tf.Tensor5D) => tf.maxPool3d(x, [2, 3, 2], 2, 'same')),
  many('AvgPool3D', 'same', [volume], (x: tf.Tensor5D) => tf.avgPool3d(x, [2, 3, 2], 2, 'same')),
  many('AvgPool3DGrad', 'valid', [volume], (x: tf.Tensor5D) =>
    tf.grad((v) => tf.avgPool3d(v as tf.Tensor5D, 2, 1, 'valid').square())(x),
  ),
  many('MaxPool3DGrad', 'same', [volume], (x: tf.Tensor5D) =>
    tf.grad((v) => tf.maxPool3d(v as tf.Tensor5D, 2, 2, 'same').square())(x),
  ),
];
