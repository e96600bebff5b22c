/** Calls of functions that networks are made of: products, convolutions, pooling, normalization, cells, losses. */

import * as tf from '@tensorflow/tfjs';
import { between, bools, floats, ints, positive } from '../../kernels/case.ts';
import { type Calls, call, stepped } from '../call.ts';

const x = floats([2, 3]);
const image = floats([1, 5, 5, 2]);
const volume = floats([1, 4, 4, 4, 2]);
const perChannel = (...seeds: number[]) => seeds.map((seed) => positive([2], seed));

export const products: Calls = {
  matMul: [
    call([x, floats([3, 4], 2)], (a, b) => tf.matMul(a, b)),
    call([floats([2, 3, 4]), floats([2, 5, 4], 2)], (a, b) => tf.matMul(a, b, false, true)),
  ],
  dot: [
    call([floats([3]), floats([3], 2)], tf.dot),
    call([x, floats([3], 2)], tf.dot),
    call([x, floats([3, 2], 2)], tf.dot),
  ],
  outerProduct: [call([floats([3]), floats([2], 2)], tf.outerProduct)],
  einsum: [
    call([x, floats([3, 4], 2)], (a, b) => tf.einsum('ij,jk->ik', a, b)),
    call([floats([2, 3, 3])], (a) => tf.einsum('bij->bji', a)),
    call([x], (a) => tf.einsum('ij->j', a)),
    stepped([bools([2, 2], [1, 0, 1, 1])], (a) => tf.einsum('ij->j', tf.cast(a, 'int32'))),
  ],
  'fused.matMul': [
    call([x, floats([3, 4], 2), floats([4], 3)], (a, b, bias) =>
      tf.fused.matMul({ a, b, bias, activation: 'elu', transposeA: false, transposeB: false }),
    ),
    stepped([ints([1, 2], [3, -4]), ints([2, 2], [1, 2, 3, -4]), ints([2], [5, 6])], (a, b, bias) =>
      tf.fused.matMul({ a, b, bias, activation: 'elu', transposeA: false, transposeB: false }),
    ),
  ],
  'linalg.bandPart': [
    call([floats([3, 4])], (t) => tf.linalg.bandPart(t, 1, 0)),
    call([floats([2, 3, 3])], (t) => tf.linalg.bandPart(t, -1, 1)),
  ],
  'linalg.gramSchmidt': [
    call([x], (t) => tf.linalg.gramSchmidt(t) as tf.Tensor),
    call([floats([3]), floats([3], 2)], (...t) => tf.linalg.gramSchmidt(t) as tf.Tensor[]),
  ],
  'linalg.qr': [
    call([floats([3, 3])], (t) => tf.linalg.qr(t)),
    call([floats([4, 2])], (t) => tf.linalg.qr(t)),
    call([floats([4, 2])], (t) => tf.linalg.qr(t, true)),
    call([floats([2, 4])], (t) => tf.linalg.qr(t)),
    call([floats([2, 2, 2])], (t) => tf.linalg.qr(t)),
  ],
};

export const convolutions: Calls = {
  conv1d: [call([floats([1, 6, 2]), floats([3, 2, 3], 2)], (t, k) => tf.conv1d(t, k, 1, 'same'))],
  conv2d: [call([image, floats([3, 3, 2, 2], 2)], (t, k) => tf.conv2d(t, k, 2, 'same'))],
  conv2dTranspose: [
    call([floats([1, 3, 3, 2]), floats([2, 2, 3, 2], 2)], (t, k) => tf.conv2dTranspose(t, k, [1, 6, 6, 3], 2, 'same')),
  ],
  conv3d: [call([volume, floats([2, 2, 2, 2, 1], 2)], (t, k) => tf.conv3d(t, k, 1, 'valid'))],
  conv3dTranspose: [
    call([floats([1, 2, 2, 2, 1]), floats([2, 2, 2, 2, 1], 2)], (t, k) =>
      tf.conv3dTranspose(t, k, [1, 3, 3, 3, 2], 1, 'valid'),
    ),
  ],
  depthwiseConv2d: [call([image, floats([2, 2, 2, 2], 2)], (t, k) => tf.depthwiseConv2d(t, k, 1, 'valid'))],
  separableConv2d: [
    call([image, floats([2, 2, 2, 2], 2), floats([1, 1, 4, 3], 3)], (t, d, p) =>
      tf.separableConv2d(t, d, p, 1, 'same'),
    ),
  ],
  dilation2d: [call([image, floats([2, 2, 2], 2)], (t, k) => tf.dilation2d(t, k, 1, 'valid'))],
  'fused.conv2d': [
    call([image, floats([3, 3, 2, 2], 2), floats([2], 3)], (t, filter, bias) =>
      tf.fused.conv2d({ x: t, filter, bias, strides: 1, pad: 'same', activation: 'sigmoid' }),
    ),
  ],
  'fused.depthwiseConv2d': [
    call([image, floats([2, 2, 2, 1], 2), floats([2], 3)], (t, filter, bias) =>
      tf.fused.depthwiseConv2d({ x: t, filter, bias, strides: 1, pad: 'valid', activation: 'relu' }),
    ),
  ],
  avgPool: [
    {
      ...call([image], (t) => tf.avgPool(t, 2, 2, 'same')),
      otherGradient: 'it divides by the size of the window even where part of it is padding',
    },
  ],
  avgPool3d: [call([volume], (t) => tf.avgPool3d(t, 2, 2, 'valid'))],
  maxPool: [call([image], (t) => tf.maxPool(t, 2, 2, 'same'))],
  maxPool3d: [call([volume], (t) => tf.maxPool3d(t, 2, 2, 'valid'))],
  maxPoolWithArgmax: [
    call([image], (t) => tf.maxPoolWithArgmax(t, 2, 2, 'valid').result),
    stepped([image], (t) => tf.maxPoolWithArgmax(t, 2, 2, 'valid').indexes),
  ],
  pool: [
    call([image], (t) => tf.pool(t, [2, 2], 'avg', 'valid', [2, 1])),
    call([image], (t) => tf.pool(t, 3, 'max', 'same')),
  ],
};

const cell = (seed: number, inputs: number, units: number) => [
  floats([inputs + units, 4 * units], seed),
  floats([4 * units], seed + 1),
];

export const layers: Calls = {
  batchNorm: [
    call([image, ...perChannel(2, 3, 4, 5)], (t, m, v, o, s) => tf.batchNorm(t, m, v, o, s, 0.01)),
    call([image, ints([2], [1, 2]), ints([2], [3, 4])], (t, m, v) => tf.batchNorm(t, m, v)),
    stepped([ints([1, 1, 2, 2], [9, -8, 7, 20]), ...perChannel(2, 3)], (t, m, v) => tf.batchNorm(t, m, v)),
  ],
  batchNorm2d: [call([floats([3, 2]), ...perChannel(2, 3)], (t, m, v) => tf.batchNorm2d(t, m, v))],
  batchNorm3d: [call([floats([1, 3, 2]), ...perChannel(2, 3, 4)], (t, m, v, o) => tf.batchNorm3d(t, m, v, o))],
  batchNorm4d: [call([image, ...perChannel(2, 3, 4, 5)], (t, m, v, o, s) => tf.batchNorm4d(t, m, v, o, s))],
  localResponseNormalization: [
    call([floats([1, 2, 2, 5])], (t) => tf.localResponseNormalization(t, 2)),
    stepped([ints([1, 1, 2, 2], [9, -8, 7, 20])], (t) => tf.localResponseNormalization(t, 1)),
  ],
  basicLSTMCell: [
    call([...cell(1, 2, 2), floats([3, 2], 5), floats([3, 2], 6), floats([3, 2], 7)], (kernel, bias, t, c, h) =>
      tf.basicLSTMCell(tf.scalar(1), kernel, bias, t, c, h),
    ),
  ],
  multiRNNCell: [
    call([...cell(1, 2, 2), ...cell(8, 2, 1), floats([1, 2], 5)], (k0, b0, k1, b1, t) => {
      const lstm = (kernel: tf.Tensor2D, bias: tf.Tensor1D) => (data: tf.Tensor2D, c: tf.Tensor2D, h: tf.Tensor2D) =>
        tf.basicLSTMCell(tf.scalar(0.5), kernel, bias, data, c, h);
      const state: tf.Tensor2D[] = [tf.zeros([1, 2]), tf.zeros([1, 1])];
      return tf.multiRNNCell([lstm(k0, b0), lstm(k1, b1)], t, state, state).flat();
    }),
  ],
  movingAverage: [
    call([x, floats([2, 3], 2)], (v, t) => tf.movingAverage(v, t, 0.9, 3)),
    call([x, floats([2, 3], 2), positive([])], (v, t, d) => tf.movingAverage(v, t, tf.mul(d, 0.3), 2)),
  ],
};

const labels = floats([2, 3], 2);
const weights = positive([2, 1], 3);
const likely = between([2, 3], 0.1, 0.9);
const truth = bools([2, 3], [1, 0, 1, 0, 0, 1]);

export const losses: Calls = {
  'losses.absoluteDifference': [call([labels, x, weights], (a, b, w) => tf.losses.absoluteDifference(a, b, w))],
  'losses.computeWeightedLoss': [
    call([x, weights], (a, w) => tf.losses.computeWeightedLoss(a, w)),
    call([x, weights], (a, w) => tf.losses.computeWeightedLoss(a, w, tf.Reduction.MEAN)),
    call([x, weights], (a, w) => tf.losses.computeWeightedLoss(a, w, tf.Reduction.SUM)),
    call([x], (a) => tf.losses.computeWeightedLoss(a, undefined, tf.Reduction.NONE)),
  ],
  'losses.cosineDistance': [call([labels, x, weights], (a, b, w) => tf.losses.cosineDistance(a, b, 1, w))],
  'losses.hingeLoss': [call([truth, x, weights], (a, b, w) => tf.losses.hingeLoss(tf.cast(a, 'float32'), b, w))],
  'losses.huberLoss': [call([labels, x, weights], (a, b, w) => tf.losses.huberLoss(a, b, w, 0.7))],
  'losses.logLoss': [call([truth, likely, weights], (a, b, w) => tf.losses.logLoss(tf.cast(a, 'float32'), b, w))],
  'losses.meanSquaredError': [call([labels, x, weights], (a, b, w) => tf.losses.meanSquaredError(a, b, w))],
  'losses.sigmoidCrossEntropy': [
    call([likely, x, weights], (a, b, w) => tf.losses.sigmoidCrossEntropy(a, b, w)),
    call([likely, x], (a, b) => tf.losses.sigmoidCrossEntropy(a, b, undefined, 0.1)),
  ],
  'losses.softmaxCrossEntropy': [
    call([likely, x, positive([2])], (a, b, w) => tf.losses.softmaxCrossEntropy(a, b, w)),
    {
      ...call([likely, x], (a, b) => tf.losses.softmaxCrossEntropy(a, b, undefined, 0.1)),
      otherGradient: 'in the labels it is that of another function',
    },
  ],
};

const boxes = positive([2, 4], 4);

export const images: Calls = {
  'image.cropAndResize': [
    call([floats([2, 5, 5, 2]), boxes], (t, b) =>
      tf.image.cropAndResize(t, tf.mul(b, [0.1, 0.1, 0.4, 0.4]), tf.tensor1d([1, 0], 'int32'), [3, 2]),
    ),
  ],
  'image.flipLeftRight': [call([image], (t) => tf.image.flipLeftRight(t))],
  'image.grayscaleToRGB': [call([floats([2, 3, 1])], (t) => tf.image.grayscaleToRGB(t))],
  'image.rgbToGrayscale': [call([floats([2, 3, 3])], (t) => tf.image.rgbToGrayscale(t))],
  'image.resizeBilinear': [call([image], (t) => tf.image.resizeBilinear(t, [3, 7]))],
  'image.resizeNearestNeighbor': [call([image], (t) => tf.image.resizeNearestNeighbor(t, [3, 7]))],
  'image.rotateWithOffset': [call([image], (t) => tf.image.rotateWithOffset(t, 0.3))],
  'image.transform': [
    call([image], (t) =>
      tf.image.transform(t, tf.tensor2d([[1.1, 0.1, -0.2, 0.05, 0.9, 0.3, 0.01, 0.02]]), 'bilinear'),
    ),
  ],
  'image.threshold': [
    stepped([ints([2, 2, 1], [10, 200, 90, 130])], (t) =>
      tf.image.threshold(tf.cast(t, 'float32'), 'binary', false, 0.4),
    ),
    stepped([ints([3, 3, 1], [10, 200, 90, 130, 20, 30, 210, 220, 15])], (t) =>
      tf.image.threshold(tf.cast(t, 'float32'), 'otsu'),
    ),
  ],
};
