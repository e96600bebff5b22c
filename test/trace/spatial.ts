/** The functions of the fixtures of convolutions and images, written with tfjs. */

import * as tf from '@tensorflow/tfjs';
import { float64 } from '../../src/float64.ts';

/** What a case is of; see test/fixtures/spatial.py. */
export interface Spec {
  readonly of: string;
  readonly shapes: readonly number[][];
  readonly pad?: 'same' | 'valid' | [number, number][];
  readonly strides?: number[];
  readonly dilations?: number[];
  readonly format?: 'NCHW';
  readonly size?: number[];
  readonly output?: number[];
  readonly radius?: number;
  readonly bias?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly mode?: string;
  readonly boxes?: number[][];
  readonly owners?: number[];
  readonly map?: number[][];
  readonly fill?: number;
}

// Each function takes tensors of whatever rank its case says.
// biome-ignore lint/suspicious/noExplicitAny: tfjs has a type of its own for each rank
type Any = any;

type F = (spec: Spec, ...t: Any[]) => tf.Tensor;

/** Padding as tfjs wants it: pairs for the batch and the channels, too. */
const padOf = ({ pad }: Spec): Any => (Array.isArray(pad) ? [[0, 0], ...pad, [0, 0]] : pad);

const convolution: F = (spec, x, w) => {
  const { strides, dilations, format } = spec;
  if (x.rank === 3) return tf.conv1d(x, w, (strides as Any)[0], padOf(spec), 'NWC', dilations?.[0]);
  if (x.rank === 5) return tf.conv3d(x, w, strides as Any, padOf(spec), 'NDHWC', dilations as Any);
  return tf.conv2d(x, w, strides as Any, padOf(spec), format, dilations as Any);
};

const transposed: F = ({ output, strides, pad }, x, w) =>
  x.rank === 5
    ? tf.conv3dTranspose(x, w, output as Any, strides as Any, pad as Any)
    : tf.conv2dTranspose(x, w, output as Any, strides as Any, pad as Any);

const pooled =
  (kind: 'max' | 'avg'): F =>
  (spec, x) => {
    const { size, strides, dilations } = spec;
    if (dilations) return tf.pool(x, size as Any, kind, padOf(spec), dilations as Any, strides as Any);
    const rank = x.rank === 5 ? '3d' : '';
    return (tf as Any)[`${kind}Pool${rank}`](x, size, strides, padOf(spec));
  };

const resized =
  (kind: 'resizeBilinear' | 'resizeNearestNeighbor', mode?: string): F =>
  (spec, x) => {
    const how = mode ?? spec.mode;
    return tf.image[kind](x, spec.size as Any, how === 'corners', how === 'centers');
  };

const moved = (values: number[][], deviations: tf.Tensor): Any => deviations.div(8).add(float64(values));

export const functions: Readonly<Record<string, F>> = {
  convolution,
  depthwise: (spec, x, w) => tf.depthwiseConv2d(x, w, spec.strides as Any, padOf(spec), 'NHWC', spec.dilations as Any),
  separable: (spec, x, w, point) => tf.separableConv2d(x, w, point, spec.strides as Any, padOf(spec)),
  transposed,
  maxPool: pooled('max'),
  averagePool: pooled('avg'),
  dilation: (spec, x, w) => tf.dilation2d(x, w, spec.strides as Any, padOf(spec), spec.dilations as Any),
  responseNorm: ({ radius, bias, alpha, beta }, x) => tf.localResponseNormalization(x, radius, bias, alpha, beta),
  resizeBilinear: resized('resizeBilinear'),
  resizeOfJax: resized('resizeBilinear', 'centers'),
  resizeNearest: resized('resizeNearestNeighbor'),
  crops: ({ boxes, owners, size, fill }, x, deviations) =>
    tf.image.cropAndResize(
      x,
      moved(boxes as number[][], deviations),
      tf.tensor1d(owners as number[], 'int32'),
      size as Any,
      'bilinear',
      fill,
    ),
  transform: ({ map, mode, size, fill }, x, deviations) =>
    tf.image.transform(x, moved(map as number[][], deviations), 'bilinear', mode as Any, fill, size as Any),
};
