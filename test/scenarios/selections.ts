/** Choosing, sorting, searching, and putting at places, in tfjs; their twins are in test/fixtures/problems/selections.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;

export const selections = family('selections');
const { hessian, jacobian } = selections;

const at = (...list: number[]): tf.Tensor1D => tf.tensor1d(list, 'int32');
const column = (t: T, i: number): T => tf.gather(t, i, 1);

hessian<{ weights: T; bias: T }, { inputs: T; targets: T }>('topk-hard-examples', (x, data) => {
  const outputs = tf.tanh(tf.add(tf.matMul(data.inputs, x.weights), x.bias));
  return tf.mean(tf.topk(tf.sum(tf.squaredDifference(outputs, data.targets), 1), 4).values);
});

hessian<T, { table: T }>('topk-places', (x, data) => {
  const { values, indices } = tf.topk(x, 3);
  const margins = tf.sub(column(values, 0), column(values, 2));
  const weighted = tf.mul(tf.mul(tf.sin(values), tf.gather(data.table, indices)), tf.slice(x, [0, 0], [3, 3]));
  return tf.add(tf.sum(weighted), tf.prod(margins));
});

hessian<T, { ramp: T }>('sort', (x, data) => {
  const ranked = tf.topk(x, 7).values as tf.Tensor2D;
  const trimmed = tf.mean(tf.slice(ranked, [0, 1], [2, 5]), 1);
  const steps = tf.sub(tf.slice(ranked, [0, 1], [2, 6]), tf.slice(ranked, [0, 0], [2, 6]));
  return tf.addN([tf.sum(tf.dot(tf.exp(ranked), data.ramp)), tf.prod(trimmed), tf.sum(tf.pow(steps, 3))]);
});

jacobian<T>('topk-ties', (x) => tf.topk(tf.square(x), 3).values);

hessian<{ heights: T; at: T }, { knots: T }>('interpolation', (x, data) => {
  const right = tf.reshape(tf.searchSorted(tf.expandDims(data.knots, 0), tf.expandDims(x.at, 0)), [4]) as tf.Tensor1D;
  const left = tf.sub(right, tf.scalar(1, 'int32')) as tf.Tensor1D;
  const [a, b] = [tf.gather(data.knots, left), tf.gather(data.knots, right)];
  const t = tf.div(tf.sub(x.at, a), tf.sub(b, a));
  const values = tf.add(tf.mul(tf.gather(x.heights, left), tf.sub(1, t)), tf.mul(tf.gather(x.heights, right), t));
  return tf.sum(tf.mul(tf.sin(values), tf.square(x.at)));
});

hessian<{ table: T; rows: T }>('scatter-update', (x) => {
  const places = tf.tensor2d([2, 0], [2, 1], 'int32');
  const table = tf.tensorScatterUpdate(x.table, places, tf.sin(x.rows));
  const [, last] = tf.unstack(x.rows);
  const dense = tf.sparseToDense(at(3, 1, 4), last, [5], tf.scalar(0.5));
  return tf.addN([tf.sum(tf.pow(table, 3)), tf.prod(dense), tf.sum(tf.mul(column(table, 0), column(x.table, 1)))]);
});

jacobian<T>('segments', (x) => {
  const [places, ids] = [at(0, 3, 1, 0, 2), at(0, 0, 2, 2, 2)];
  const y = tf.exp(x);
  return tf.concat([tf.sparse.sparseSegmentSum(y, places, ids), tf.sparse.sparseSegmentMean(y, places, ids)]);
});

hessian<T, { bins: T }>('histogram', (x, data) => {
  const heights = tf.bincount(data.bins as tf.Tensor1D, tf.square(x) as tf.Tensor1D, 4);
  return tf.sum(tf.mul(tf.log1p(heights), heights));
});

hessian<T, { places: T }>('gather-batch', (x, data) => {
  const taken = tf.gather(x, data.places as tf.Tensor2D, 1, 1);
  return tf.add(tf.sum(tf.mul(tf.cos(taken), tf.square(taken))), tf.prod(tf.gather(taken, 0, 1)));
});

hessian<T>('running', (x) => {
  const sums = tf.cumsum(tf.square(x), 1);
  const later = tf.cumsum(x, 1, true, true);
  const products = tf.cumprod(x, 1);
  return tf.add(tf.sum(tf.mul(tf.sqrt(tf.add(sums, 1)), later)), tf.sum(tf.mul(products, tf.square(later))));
});
