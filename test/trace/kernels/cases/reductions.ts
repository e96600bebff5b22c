/** Cases of reductions, cumulative ops and the softmax family. */

import * as tf from '@tensorflow/tfjs';
import { bools, type Case, exactly, floats, type Input, ints, positive } from '../case.ts';

type Reduce = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

const x = floats([2, 3, 4]);

const over = (kernel: string, f: Reduce, input: Input = x): Case[] =>
  [
    [undefined, false],
    [0, false],
    [-1, true],
    [[0, 2], false],
    [[2, 1], true],
    [[], false],
  ].map(([axis, keepDims]) => ({
    kernel,
    name: `${kernel} over ${JSON.stringify(axis)}${keepDims ? ', kept' : ''}`,
    inputs: [input],
    f: (t) => f(t, axis as number[] | undefined, keepDims as boolean),
  }));

const one = (kernel: string, name: string, input: Input, f: (t: tf.Tensor) => tf.Tensor): Case => ({
  kernel,
  name,
  inputs: [input],
  f,
});

const whole = ints([2, 3], [3, -1, 2, 0, 5, 5]);
const mask = bools([2, 3], [1, 1, 0, 1, 1, 1]);

export const reductionCases: Case[] = [
  ...over('Sum', tf.sum),
  ...over('Mean', tf.mean),
  ...over('Max', tf.max),
  ...over('Min', tf.min),
  ...over('Prod', tf.prod),
  ...over(
    'All',
    tf.all as Reduce,
    bools(
      [2, 3, 4],
      [...Array(24).keys()].map((i) => (i % 7 ? 1 : 0)),
    ),
  ),
  ...over(
    'Any',
    tf.any as Reduce,
    bools(
      [2, 3, 4],
      [...Array(24).keys()].map((i) => (i % 5 ? 0 : 1)),
    ),
  ),
  one('Sum', 'Sum of int32', whole, (t) => tf.sum(t, 1)),
  one('Sum', 'Sum of bool', mask, (t) => tf.sum(t, 0)),
  one('Mean', 'Mean of int32', whole, (t) => tf.mean(t, 1)),
  one('Mean', 'Mean of bool', mask, (t) => tf.mean(t)),
  one('Max', 'Max of int32', whole, (t) => tf.max(t, 1)),
  one('Min', 'Min of int32', whole, (t) => tf.min(t)),
  one('Max', 'Max of bool', mask, (t) => tf.max(t, 1)),
  one('Prod', 'Prod of int32', whole, (t) => tf.prod(t, 1)),
  one('Prod', 'Prod of bool', mask, (t) => tf.prod(t, 1)),
  one('Prod', 'Prod with one zero', exactly([4], [2, 0, 3, -1]), tf.prod),
  one('Prod', 'Prod with two zeros', exactly([5], [2, 0, 3, 0, 5]), tf.prod),
  one('Prod', 'Prod of an odd number', floats([7]), tf.prod),
  one('Sum', 'logSumExp', x, (t) => tf.logSumExp(t, [0, 2])),
  one('Mean', 'moments', x, (t) => tf.moments(t, [1]).variance),
  one('ArgMax', 'ArgMax of the last axis', x, (t) => tf.argMax(t, -1)),
  one('ArgMax', 'ArgMax of an inner axis', x, (t) => tf.argMax(t, 1)),
  one('ArgMin', 'ArgMin of the first axis', x, (t) => tf.argMin(t)),
  one('ArgMax', 'ArgMax with ties', whole, (t) => tf.argMax(t, 1)),
  one('Softmax', 'Softmax', x, (t) => tf.softmax(t)),
  one('Softmax', 'Softmax of large numbers', exactly([3], [1000, 998, -1000]), (t) => tf.softmax(t)),
  one('Max', 'logSoftmax', x, (t) => tf.logSoftmax(t)),
  one('Max', 'logSoftmax of large numbers', exactly([3], [1000, 998, 999]), (t) => tf.logSoftmax(t)),
];

export const cumulativeCases: Case[] = [false, true].flatMap((exclusive) =>
  [false, true].flatMap((reverse) => [
    one('Cumsum', `Cumsum exclusive=${exclusive} reverse=${reverse}`, x, (t) => tf.cumsum(t, 1, exclusive, reverse)),
    one('Cumprod', `Cumprod exclusive=${exclusive} reverse=${reverse}`, x, (t) => tf.cumprod(t, 2, exclusive, reverse)),
    one(
      'Cumprod',
      `Cumprod with zeros, exclusive=${exclusive} reverse=${reverse}`,
      exactly([5], [2, 0, 3, 0, 4]),
      (t) => tf.cumprod(t, 0, exclusive, reverse),
    ),
    one('Cumsum', `Cumsum of int32, exclusive=${exclusive} reverse=${reverse}`, whole, (t) =>
      tf.cumsum(t, 0, exclusive, reverse),
    ),
    one('Cumsum', `Cumsum of bool, exclusive=${exclusive} reverse=${reverse}`, mask, (t) =>
      tf.cumsum(t, 1, exclusive, reverse),
    ),
  ]),
);

const pair = (
  name: string,
  a: Input,
  b: Input,
  f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  kernel: string,
): Case => ({
  kernel,
  name,
  inputs: [a, b],
  f: f as Case['f'],
});

const labels = exactly([2, 3], [0, 1, 0, 1, 0, 0]);
const chances = exactly([2, 3], [0.2, 0.7, 0.1, 0.5, 0.3, 0.6]);
const weights = exactly([2, 1], [0.5, 2]);

export const lossCases: Case[] = [
  pair('absoluteDifference', floats([2, 3]), floats([2, 3], 2), (a, b) => tf.losses.absoluteDifference(a, b), 'Abs'),
  pair('cosineDistance', floats([2, 3]), floats([2, 3], 2), (a, b) => tf.losses.cosineDistance(a, b, 1), 'Sum'),
  pair('hingeLoss', labels, floats([2, 3], 4), (a, b) => tf.losses.hingeLoss(a, b), 'Relu'),
  pair('huberLoss', floats([2, 3]), floats([2, 3], 2), (a, b) => tf.losses.huberLoss(a, b), 'Minimum'),
  pair('logLoss', labels, chances, (a, b) => tf.losses.logLoss(a, b), 'Log'),
  pair(
    'meanSquaredError',
    floats([2, 3]),
    floats([2, 3], 2),
    (a, b) => tf.losses.meanSquaredError(a, b),
    'SquaredDifference',
  ),
  pair(
    'meanSquaredError, weighted',
    floats([2, 3]),
    floats([2, 3], 2),
    (a, b) => tf.losses.meanSquaredError(a, b, tf.tensor2d(weights.values, [2, 1])),
    'SquaredDifference',
  ),
  pair('sigmoidCrossEntropy', labels, floats([2, 3]), (a, b) => tf.losses.sigmoidCrossEntropy(a, b), 'Relu'),
  pair(
    'sigmoidCrossEntropy, smoothed',
    labels,
    floats([2, 3]),
    (a, b) => tf.losses.sigmoidCrossEntropy(a, b, undefined, 0.1),
    'Relu',
  ),
  ...[0, 0.1].map((smoothing) => ({
    ...pair(
      `softmaxCrossEntropy, smoothing ${smoothing}`,
      labels,
      floats([2, 3]),
      (a, b) => tf.losses.softmaxCrossEntropy(a, b, undefined, smoothing),
      'Max',
    ),
    otherGradient: 'in the labels it is that of another loss',
  })),
  pair(
    'computeWeightedLoss by weights',
    positive([2, 3]),
    positive([2, 3], 2),
    (a, b) => tf.losses.computeWeightedLoss(a, b, tf.Reduction.MEAN),
    'Multiply',
  ),
  pair(
    'computeWeightedLoss, summed',
    positive([2, 3]),
    positive([2, 3], 2),
    (a, b) => tf.losses.computeWeightedLoss(a, b, tf.Reduction.SUM),
    'Multiply',
  ),
  pair(
    'computeWeightedLoss, untouched',
    positive([2, 3]),
    positive([2, 3], 2),
    (a, b) => tf.losses.computeWeightedLoss(a, b, tf.Reduction.NONE),
    'Multiply',
  ),
];
