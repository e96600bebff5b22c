/** Every elementwise function of tfjs; their twins are in test/fixtures/problems/elementwise.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;
interface Pair {
  a: T;
  b: T;
}

export const elementwise = family('elementwise');
const { hessian, jacobian } = elementwise;

/** Row i of the point is the argument of function i. */
const unary: ((x: T) => T)[] = [
  tf.abs,
  tf.acos,
  tf.acosh,
  tf.asin,
  tf.asinh,
  tf.atan,
  tf.atanh,
  tf.ceil,
  tf.cos,
  tf.cosh,
  tf.elu,
  tf.erf,
  tf.exp,
  tf.expm1,
  tf.floor,
  tf.log,
  tf.log1p,
  tf.logSigmoid,
  tf.neg,
  tf.reciprocal,
  tf.relu,
  tf.relu6,
  tf.round,
  tf.rsqrt,
  tf.selu,
  tf.sigmoid,
  tf.sign,
  tf.sin,
  tf.sinh,
  tf.softplus,
  tf.sqrt,
  tf.square,
  (x) => tf.step(x),
  tf.tan,
  tf.tanh,
  (x) => tf.leakyRelu(x, 0.25),
  (x) => tf.clipByValue(x, -0.5, 1.5),
  (x) => tf.prelu(x, tf.scalar(0.375)),
];
const applyAll = (x: T): T => tf.stack(tf.unstack(x).map((row, i) => unary[i](row)));

hessian<T>('unaries', (x) => tf.sum(applyAll(x)));
jacobian<T>('unary-gradients', (x) => tf.sum(applyAll(x), 1));

hessian<Pair>('arithmetic', ({ a, b }) => {
  const positive = tf.greater(b, 0);
  const safe = tf.divNoNan(a, tf.where(positive, b, tf.zerosLike(b)));
  const smooth = tf.div(tf.mul(a, b), tf.add(1, tf.square(b)));
  return tf.sum(tf.sub(tf.addN([smooth, tf.mul(tf.squaredDifference(a, b), a), safe]), tf.div(a, b)));
});

hessian<Pair>('atan2', ({ a, b }) => tf.sum(tf.atan2(a, b)));

hessian<Pair>('pow', ({ a, b }) =>
  tf.addN([
    tf.sum(tf.pow(tf.exp(a), b)),
    tf.sum(tf.pow(a, 3)),
    tf.sum(tf.pow(tf.abs(b), 2.5)),
    tf.sum(tf.pow(tf.square(a), 0.5)),
  ]),
);

hessian<Pair>('mod', ({ a, b }) => tf.sum(tf.add(tf.square(tf.mod(a, b)), tf.mul(tf.floorDiv(a, b), a))));

hessian<Pair>('maximum-minimum', ({ a, b }) =>
  tf.sum(tf.mul(tf.pow(tf.maximum(a, b), 3), tf.minimum(tf.sin(a), tf.square(b)))),
);

jacobian<Pair>('maximum-ties', ({ a, b }) => tf.stack([tf.maximum(a, b), tf.minimum(a, b), tf.maximum(a, 0)]));

hessian<Pair>('logic', ({ a, b }) => {
  const either = tf.logicalOr(tf.greater(a, 1), tf.lessEqual(b, 0.625));
  const both = tf.logicalAnd(tf.greaterEqual(a, 0.40625), tf.logicalNot(tf.equal(b, 1.125)));
  const odd = tf.logicalXor(tf.less(a, b), tf.notEqual(a, 2.5));
  const zero = tf.zerosLike(a);
  const first = tf.where(either, tf.mul(tf.square(a), b), zero);
  const second = tf.mul(tf.mul(tf.where(both, tf.exp(a), zero), tf.cast(odd, 'float32')), b);
  return tf.add(tf.sum(first), tf.sum(second));
});
