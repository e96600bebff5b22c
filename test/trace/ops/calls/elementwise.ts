/** Calls of functions that work element by element. */

import * as tf from '@tensorflow/tfjs';
import { between, bools, floats, type Input, ints, positive } from '../../kernels/case.ts';
import { type Call, type Calls, call, stepped } from '../call.ts';

const x = floats([2, 3]);
const unit = between([2, 3], -0.9, 0.9);

type Unary = (x: tf.Tensor) => tf.Tensor;

const unaries = (table: Record<string, Unary>, input: Input, make: typeof call): Calls =>
  Object.fromEntries(Object.entries(table).map(([name, f]) => [name, [make([input], f)]]));

const { abs, asinh, atan, cos, cosh, elu, erf, exp, expm1, leakyRelu, logSigmoid, neg, reciprocal, relu, relu6 } = tf;
const { selu, sigmoid, sin, sinh, softplus, square, tan, tanh, clone, softmax, logSoftmax } = tf;
const { acosh, log, log1p, rsqrt, sqrt, acos, asin, atanh } = tf;
const { ceil, floor, round, sign, step, isInf, onesLike, zerosLike } = tf;

const binaries: Calls = Object.fromEntries(
  Object.entries({
    add: tf.add,
    div: tf.div,
    divNoNan: tf.divNoNan,
    maximum: tf.maximum,
    minimum: tf.minimum,
    mul: tf.mul,
    squaredDifference: tf.squaredDifference,
    sub: tf.sub,
    atan2: tf.atan2,
    mod: tf.mod,
  }).map(([name, f]) => [
    name,
    [
      call([positive([2, 3]), positive([2, 3], 2)], f),
      call([floats([2, 1, 3]), positive([4, 1], 2)], f),
      call([x], (t) => f(t, 1.3)),
    ],
  ]),
);

const comparisons: Calls = Object.fromEntries(
  Object.entries({
    equal: tf.equal,
    notEqual: tf.notEqual,
    greater: tf.greater,
    greaterEqual: tf.greaterEqual,
    less: tf.less,
    lessEqual: tf.lessEqual,
  }).map(([name, f]): [string, Call[]] => [
    name,
    [
      stepped([x, floats([3], 2)], f),
      stepped([ints([2, 2], [1, 2, 3, 4]), ints([2], [1, 4])], f),
      call([x], (t) => tf.mul(t, f(t, 0.2))),
    ],
  ]),
);

const truths = [bools([4], [0, 1, 0, 1]), bools([4], [0, 0, 1, 1])];

export const elementwise: Calls = {
  ...unaries({ abs, asinh, atan, cos, cosh, elu, erf, exp, expm1, leakyRelu, logSigmoid, neg, reciprocal }, x, call),
  ...unaries({ relu, relu6, selu, sigmoid, sin, sinh, softplus, square, tan, tanh, clone }, x, call),
  ...unaries({ softmax, logSoftmax }, x, call),
  ...unaries({ log, log1p, rsqrt, sqrt }, positive([2, 3]), call),
  ...unaries({ acos, asin, atanh }, unit, call),
  ...unaries({ acosh }, between([2, 3], 1.2, 3), call),
  ...unaries({ ceil, floor, round, sign, step, isInf, onesLike, zerosLike }, x, stepped),
  ...unaries({ isFinite: tf.isFinite, isNaN: tf.isNaN }, x, stepped),
  ...binaries,
  ...comparisons,
  addN: [call([x, floats([2, 3], 2), floats([2, 3], 3)], (...t) => tf.addN(t))],
  pow: [
    call([positive([2, 3]), floats([3], 2)], tf.pow),
    call([x], (t) => tf.pow(t, 3)),
    call([positive([2])], (t) => tf.pow(t, -1.5)),
  ],
  floorDiv: [
    stepped([x, positive([2, 3], 2)], tf.floorDiv),
    stepped([ints([3], [7, -7, 9])], (t) => tf.floorDiv(t, 2)),
  ],
  prelu: [call([x, positive([3], 2)], tf.prelu)],
  clipByValue: [call([x], (t) => tf.clipByValue(t, -0.5, 0.9))],
  logicalAnd: [stepped(truths, tf.logicalAnd)],
  logicalOr: [stepped(truths, tf.logicalOr)],
  logicalXor: [stepped(truths, tf.logicalXor)],
  logicalNot: [stepped(truths.slice(1), tf.logicalNot)],
  bitwiseAnd: [stepped([ints([2], [6, -1]), ints([2], [3, 5])], tf.bitwiseAnd)],
  where: [
    call([bools([2, 3], [1, 0, 1, 0, 0, 1]), x, floats([2, 3], 2)], tf.where),
    call([x, floats([3], 2)], (t, u) => tf.where(tf.greater(t, 0), t, u)),
  ],
  cast: [
    stepped([x], (t) => tf.cast(t, 'int32')),
    stepped([x], (t) => tf.cast(t, 'bool')),
    call([x], (t) => tf.cast(t, 'float32')),
  ],
};
