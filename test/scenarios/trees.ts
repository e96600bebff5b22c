/** Nested containers, scalar leaves and key order; their twins are in test/fixtures/problems/trees.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;
interface Nested {
  b: T;
  B: [T, T];
  '10': T;
  '9': { ä: T; z: T };
  _: T;
}

export const trees = family('trees');

trees.hessian<Nested>('nested-tree', (x) => {
  const inner = tf.mul(tf.squeeze(x['9'].ä), tf.squeeze(x['9'].z));
  const left = tf.mul(tf.sum(tf.square(x.B[0])), x.B[1]);
  return tf.addN([
    tf.mul(left, x._),
    tf.mul(tf.sum(tf.mul(tf.sin(x.b), x['10'])), inner),
    tf.exp(tf.mul(x._, inner)),
    tf.sum(tf.pow(x['10'], 3)),
  ]);
});

trees.jacobian<Nested>('nested-tree-jacobian', (x) => {
  const left = tf.reshape(tf.mul(tf.tanh(x.b), x._), [2, 1]);
  const right = tf.reshape(tf.mul(x['10'], x['9'].z), [1, 2]);
  return tf.add(tf.matMul(left, right), tf.mul(x.B[0], tf.square(x.B[1])));
});

trees.hessian<{ a: T; b: { c: T; d: T } }>('padded-blocks', (x) => {
  const first = tf.mul(tf.sum(tf.pow(x.a, 3)), tf.square(x.b.d));
  return tf.add(first, tf.mul(tf.prod(x.b.c), tf.sum(tf.sin(x.a))));
});
