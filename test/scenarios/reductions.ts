/** Reductions in tfjs, among them zeros, ties and choices; their twins are in test/fixtures/problems/reductions.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;

export const reductions = family('reductions');
const { hessian, jacobian } = reductions;

hessian<T, { weights: T }>('prod-zeros', (x, data) => tf.sum(tf.mul(tf.prod(x, 1), data.weights)));

hessian<T>('log-sum-exp', (x) => tf.add(tf.logSumExp(tf.mul(x, 8)), tf.sum(tf.square(tf.logSumExp(x, 1)))));

hessian<T>('max-min', (x) => {
  const product = tf.mul(tf.sum(tf.exp(tf.max(x, 1))), tf.sum(tf.square(tf.min(x, 0))));
  return tf.add(product, tf.mul(tf.max(x), tf.min(x)));
});

jacobian<T>('max-ties', (x) => tf.concat([tf.max(x, 1), tf.min(x, 1), tf.max(x, 0)]));

hessian<T>('moments', (x) => {
  const { variance } = tf.moments(x, [0, 2]);
  return tf.addN([tf.sum(tf.pow(tf.mean(x, 1), 3)), tf.sum(tf.log(variance)), tf.sum(tf.square(variance))]);
});

hessian<T>('norms', (x) => {
  const euclidean = tf.norm(x, 'euclidean', 1);
  const taxi = tf.norm(x, 1, 0);
  const largest = tf.norm(x, Number.POSITIVE_INFINITY, 1);
  return tf.addN([tf.prod(euclidean), tf.mul(tf.norm(x), tf.sum(tf.square(taxi))), tf.sum(tf.pow(largest, 3))]);
});

hessian<T, { table: T }>('argmax-select', (x, data) => {
  const mask = tf.oneHot(tf.argMax(x, 1), 4);
  const picked = tf.sum(tf.mul(x, mask), 1);
  const first = tf.reshape(tf.slice(x, [0, 0], [3, 1]), [3]);
  const weights = tf.gather(data.table, tf.argMin(x, 1) as tf.Tensor1D);
  return tf.add(tf.sum(tf.mul(tf.sin(picked), first)), tf.sum(tf.mul(weights, tf.pow(x, 3))));
});

jacobian<T>('softmax', (x) => tf.concat([tf.softmax(x), tf.logSoftmax(x)], 0));
