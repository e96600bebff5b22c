/** Cases of matrix products, einsum, convolution, pooling and normalization. */

import * as tf from '@tensorflow/tfjs';
import { type Case, exactly, floats, type Input, ints, positive } from '../case.ts';

const many = (kernel: string, name: string, inputs: Input[], f: (...t: never[]) => tf.Tensor): Case => ({
  kernel,
  name: `${kernel}: ${name}`,
  inputs,
  f: f as unknown as Case['f'],
});

const product = (a: number[], b: number[], transposeA = false, transposeB = false): Case =>
  many(
    'BatchMatMul',
    `[${a}]${transposeA ? 'ᵀ' : ''} [${b}]${transposeB ? 'ᵀ' : ''}`,
    [floats(a), floats(b, 2)],
    (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, transposeA, transposeB),
  );

const einsum = (equation: string, ...shapes: number[][]): Case =>
  many(
    'Einsum',
    equation,
    shapes.map((s, i) => floats(s, i + 1)),
    (...t: tf.Tensor[]) => tf.einsum(equation, ...t),
  );

const fused = (activation: string, weights = false): Case =>
  many(
    '_FusedMatMul',
    activation,
    [floats([2, 3]), floats([3, 4], 2), floats([4], 3), ...(weights ? [positive([4], 4)] : [])],
    (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor, preluActivationWeights: tf.Tensor) =>
      tf.fused.matMul({
        a,
        b,
        bias,
        activation: activation as 'relu',
        leakyreluAlpha: 0.1,
        ...(weights ? { preluActivationWeights } : {}),
      }),
  );

export const contractionCases: Case[] = [
  product([2, 3], [3, 4]),
  product([3, 2], [3, 4], true),
  product([2, 3], [4, 3], false, true),
  product([3, 2], [4, 3], true, true),
  product([2, 2, 3], [2, 3, 4]),
  product([2, 3], [5, 3, 4]),
  {
    ...product([2, 1, 2, 3], [4, 3, 2]),
    differs: 'the cpu backend leaves out batches where both operands repeat',
  },
  product([1, 2, 3], [1, 4, 3], false, true),
  many('BatchMatMul', 'int32', [ints([2, 2], [1, 2, 3, 4]), ints([2, 2], [5, 6, 7, 8])], (a: tf.Tensor, b: tf.Tensor) =>
    tf.matMul(a, b),
  ),
  many('BatchMatMul', 'dot of vectors', [floats([3]), floats([3], 2)], (a: tf.Tensor, b: tf.Tensor) => tf.dot(a, b)),
  many('BatchMatMul', 'outerProduct', [floats([3]), floats([2], 2)], (a: tf.Tensor1D, b: tf.Tensor1D) =>
    tf.outerProduct(a, b),
  ),
  einsum('ij,jk->ik', [2, 3], [3, 4]),
  einsum('ij,jk->ki', [2, 3], [3, 4]),
  einsum('bij,bjk->bik', [2, 2, 3], [2, 3, 2]),
  einsum('ij->ji', [2, 3]),
  einsum('ij->i', [2, 3]),
  einsum('ij->', [2, 3]),
  einsum('i,j->ij', [2], [3]),
  einsum('i,i->', [3], [3]),
  einsum('abc,cd->abd', [2, 2, 3], [3, 2]),
  fused('linear'),
  fused('relu'),
  fused('relu6'),
  fused('elu'),
  fused('sigmoid'),
  fused('leakyrelu'),
  fused('prelu', true),
];

const statistics = [floats([3], 2), positive([3], 3), floats([3], 4), positive([3], 5)];

export const normalizationCases: Case[] = [
  many(
    'FusedBatchNorm',
    'all statistics',
    [floats([2, 2, 3]), ...statistics],
    (x: tf.Tensor3D, mean: tf.Tensor1D, variance: tf.Tensor1D, offset: tf.Tensor1D, scale: tf.Tensor1D) =>
      tf.batchNorm(x, mean, variance, offset, scale, 0.01),
  ),
  many(
    'FusedBatchNorm',
    'mean and variance alone',
    [floats([2, 3]), ...statistics.slice(0, 2)],
    (x: tf.Tensor2D, mean: tf.Tensor1D, variance: tf.Tensor1D) => tf.batchNorm(x, mean, variance),
  ),
  many(
    'FusedBatchNorm',
    'statistics of full rank',
    [floats([2, 2, 2, 3]), floats([2, 2, 2, 3], 2), positive([2, 2, 2, 3], 3)],
    (x: tf.Tensor4D, mean: tf.Tensor4D, variance: tf.Tensor4D) => tf.batchNorm(x, mean, variance),
  ),
  {
    ...many(
      'FusedBatchNorm',
      'statistics of an axis that isn’t the last',
      [floats([2, 3, 2, 2]), floats([1, 3, 1, 1], 2), positive([1, 3, 1, 1], 3)],
      (x: tf.Tensor4D, mean: tf.Tensor4D, variance: tf.Tensor4D) => tf.batchNorm(x, mean, variance),
    ),
    differs: 'the cpu backend walks through the statistics cyclically; that of WebGL broadcasts them',
    otherGradient: 'it isn’t summed over the axes that were broadcast',
  },
  many('LRN', 'radius 1', [floats([1, 2, 2, 4])], (x: tf.Tensor4D) =>
    tf.localResponseNormalization(x, 1, 1.5, 0.5, 0.75),
  ),
  many('LRN', 'radius beyond the channels', [floats([1, 1, 2, 3])], (x: tf.Tensor4D) =>
    tf.localResponseNormalization(x, 5, 1, 0.3, 0.5),
  ),
  many('LRNGrad', 'by tf.grad', [floats([1, 1, 2, 4])], (x: tf.Tensor4D) =>
    tf.grad((v) => tf.localResponseNormalization(v as tf.Tensor4D, 1, 1.5, 0.5, 0.75).square())(x),
  ),
  many('Max', 'none of a row is lost', [exactly([2, 2], [1, 2, 3, 4])], (x: tf.Tensor) => tf.max(x, 1).square()),
];
