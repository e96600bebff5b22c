/** The functions of the corners fixture, written with tfjs. */

import * as tf from '@tensorflow/tfjs';

type F = (x: tf.Tensor1D) => tf.Tensor;

/** A function of two vectors as one of both, end to end. */
const halves =
  (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): F =>
  (x) => {
    const [a, b] = tf.split(x, 2);
    return f(a, b);
  };

const WAVES = [1, 2, 3, 5, 7];

const weighted =
  (f: F): F =>
  (x) => {
    const y = f(x).flatten();
    return y.mul(tf.tensor1d(WAVES.slice(0, y.size)));
  };

const power =
  (exponent: number): F =>
  (x) =>
    x.pow(exponent);

const maxPool: F = (x) => tf.maxPool(x.reshape([1, 2, 3, 1]) as tf.Tensor4D, 2, 1, 'valid');

const sigmoidCrossEntropy: F = (x) =>
  tf.losses.sigmoidCrossEntropy(tf.tensor1d([0, 1, 0.25]), x, undefined, 0, tf.Reduction.NONE);

const softmaxCrossEntropy: F = (x) =>
  tf.losses.softmaxCrossEntropy(tf.tensor2d([0, 0.5, 0.5], [1, 3]), x.reshape([1, 3]), undefined, 0, tf.Reduction.NONE);

export const corners: Readonly<Record<string, F>> = {
  relu: tf.relu,
  relu6: tf.relu6,
  elu: tf.elu,
  selu: tf.selu,
  leakyRelu: (x) => tf.leakyRelu(x, 0.2),
  prelu: (x) => tf.prelu(x, tf.tensor1d([0.5, 2, 3])),
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
  logSigmoid: tf.logSigmoid,
  tanh: tf.tanh,
  erf: tf.erf,
  step: (x) => tf.step(x),
  abs: tf.abs,
  sign: tf.sign,
  floor: tf.floor,
  ceil: tf.ceil,
  round: tf.round,
  square: tf.square,
  sqrt: tf.sqrt,
  rsqrt: tf.rsqrt,
  reciprocal: tf.reciprocal,
  log: tf.log,
  log1p: tf.log1p,
  expm1: tf.expm1,
  asin: tf.asin,
  acos: tf.acos,
  acosh: tf.acosh,
  atanh: tf.atanh,
  clip: (x) => tf.clipByValue(x, -1, 2),
  'power 0': power(0),
  'power 1': power(1),
  'power 2': power(2),
  'power 3': power(3),
  'power -1': power(-1),
  'power -2': power(-2),
  'power 0.5': power(0.5),
  'power 1.5': power(1.5),
  'power 2.5': power(2.5),
  'power of two': halves(tf.pow),
  'power of a negative base': (x) => tf.pow(x, tf.tensor1d([2, 3])),
  maximum: halves(tf.maximum),
  'maximum with 0': (x) => tf.maximum(x, 0),
  minimum: halves(tf.minimum),
  squaredDifference: halves(tf.squaredDifference),
  atan2: halves(tf.atan2),
  'atan2 at the origin': halves(tf.atan2),
  mod: halves(tf.mod),
  'mod of a multiple': halves(tf.mod),
  max: (x) => tf.max(x),
  min: (x) => tf.min(x),
  'prod with no zero': (x) => tf.prod(x),
  'prod with a zero': (x) => tf.prod(x),
  'prod with two zeros': (x) => tf.prod(x),
  'prod with three zeros': (x) => tf.prod(x),
  cumprod: weighted((x) => tf.cumprod(x, 0)),
  softmax: weighted((x) => tf.softmax(x)),
  'softmax of large numbers': weighted((x) => tf.softmax(x)),
  logSoftmax: weighted((x) => tf.logSoftmax(x)),
  'logSoftmax of large numbers': weighted((x) => tf.logSoftmax(x)),
  logSumExp: (x) => tf.logSumExp(x),
  'logSumExp of large numbers': (x) => tf.logSumExp(x),
  maxPool: weighted(maxPool),
  'maxPool of equals': weighted(maxPool),
  'norm with a zero': (x) => tf.norm(x),
  'norm of zeros': (x) => tf.norm(x),
  'squared norm at zero': (x) => x.abs().pow(2).sum(),
  where: (x) => tf.where(tf.greater(x, 0), tf.log(x), tf.mul(x, 2)),
  gather: weighted((x) => tf.gather(x, tf.tensor1d([1, 1, 0], 'int32')).square()),
  'sigmoidCrossEntropy at zero': sigmoidCrossEntropy,
  sigmoidCrossEntropy,
  softmaxCrossEntropy,
  huberLoss: (x) => tf.losses.huberLoss(tf.zerosLike(x), x, undefined, 1, tf.Reduction.NONE),
};
