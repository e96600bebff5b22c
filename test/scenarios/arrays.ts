/** Indexing, movement, products and running totals in tfjs; their twins are in test/fixtures/problems/arrays.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;

export const arrays = family('arrays');
const { hessian, jacobian } = arrays;

hessian<{ table: T }, { indices: T; weights: T }>('gather', (x, data) => {
  const rows = tf.gather(x.table, data.indices as tf.Tensor1D);
  const columns = tf.gather(x.table, [2, 0], 1);
  const [first, second] = tf.unstack(columns, 1);
  return tf.add(tf.sum(tf.mul(tf.sin(rows), data.weights)), tf.sum(tf.mul(tf.square(first), second)));
});

hessian<T>('gather-nd', (x) => {
  const picked = tf.gatherND(
    x,
    tf.tensor2d(
      [
        [3, 1],
        [0, 2],
        [3, 1],
      ],
      [3, 2],
      'int32',
    ),
  );
  const rows = tf.gatherND(x, tf.tensor2d([[1], [1]], [2, 1], 'int32'));
  return tf.add(tf.prod(picked), tf.sum(tf.pow(rows, 3)));
});

jacobian<T>('scatter-nd', (x) => tf.scatterND(tf.tensor2d([[2], [0], [2], [2]], [4, 1], 'int32'), tf.exp(x), [3, 2]));

hessian<T, { segments: T }>('segment-sum', (x, data) => {
  const totals = tf.unsortedSegmentSum(tf.square(x), data.segments as tf.Tensor1D, 4);
  return tf.sum(tf.mul(tf.tanh(totals), totals));
});

hessian<{ table: T; bias: T }, { tokens: T }>('one-hot', (x, data) => {
  const embedded = tf.matMul(tf.oneHot(data.tokens, 4), x.table);
  return tf.sum(tf.cos(tf.add(embedded, x.bias)));
});

jacobian<T>('cumsum', (x) => tf.mul(tf.cumsum(tf.sin(x), 1), tf.cumsum(tf.square(x), 0, true, true)));

hessian<T, { weights: T; later: T }>('cumprod', (x, data) => {
  const forward = tf.cumprod(x, 1);
  const later = tf.cumprod(x, 1, true, true);
  return tf.add(tf.sum(tf.mul(forward, data.weights)), tf.sum(tf.mul(later, data.later)));
});

hessian<{ a: T; b: T; c: T }>('einsum', (x) => {
  const batched = tf.einsum('bij,bjk->bki', x.a, x.b);
  const contracted = tf.einsum('bij,bj->i', x.a, tf.sin(x.c));
  const outer = tf.einsum('bj,bk->jk', x.c, x.c);
  return tf.addN([tf.sum(tf.square(batched)), tf.sum(tf.pow(contracted, 3)), tf.sum(tf.cos(outer))]);
});

hessian<{ a: T; b: T; v: T }>('matmul', (x) => {
  const product = tf.matMul(x.a, x.b, true);
  const applied = tf.dot(tf.reshape(product, [4, 4]), x.v);
  return tf.add(tf.sum(tf.square(applied)), tf.sum(tf.square(tf.outerProduct(x.v as tf.Tensor1D, x.v as tf.Tensor1D))));
});

jacobian<T>('strided-slice', (x) => {
  const backward = tf.square(tf.stridedSlice(x, [4, 1], [0, 4], [-2, 1]));
  // Masks: rows 1::2, columns ::-1.
  const masked = tf.sin(tf.stridedSlice(x, [1, 0], [0, 0], [2, -1], 2, 3));
  // The first axis shrinks away: x[2, :2].
  const shrunk = tf.stridedSlice(x, [2, 0], [3, 2], [1, 1], 0, 0, 0, 0, 1);
  const corner = tf.reshape(tf.slice(x, [0, 2], [1, 2]), [2]);
  return tf.concat([tf.reshape(backward, [-1]), tf.reshape(masked, [-1]), tf.mul(shrunk, corner)]);
});

hessian<T, { constant: T; reflect: T; symmetric: T }>('pad', (x, data) => {
  const constant = tf.pad(
    tf.square(x),
    [
      [1, 2],
      [0, 2],
    ],
    0.5,
  );
  const reflect = tf.mirrorPad(
    tf.sin(x),
    [
      [1, 1],
      [2, 1],
    ],
    'reflect',
  );
  const symmetric = tf.mirrorPad(
    tf.pow(x, 3),
    [
      [2, 1],
      [0, 2],
    ],
    'symmetric',
  );
  return tf.addN([
    tf.sum(tf.mul(tf.exp(constant), data.constant)),
    tf.sum(tf.mul(tf.square(reflect), data.reflect)),
    tf.sum(tf.mul(symmetric, data.symmetric)),
  ]);
});

jacobian<{ a: T; b: T }>('movement', ({ a, b }) => {
  const stacked = tf.stack([tf.mul(a, b), tf.sin(a)], 1);
  const turned = tf.reverse(tf.transpose(stacked, [2, 0, 1]), 0);
  const [left, right] = tf.split(tf.tile(tf.square(b), [2, 1]), [1, 2], 1);
  const joined = tf.concat([tf.reshape(turned, [4, 3]), tf.mul(left, right)], 1);
  return tf.mul(joined, tf.broadcastTo(tf.slice(a, [0, 0], [1, 1]), [4, 5]));
});

hessian<{ a: T; b: T }>('where', ({ a, b }) => {
  const chosen = tf.where(tf.greater(a, b), tf.mul(tf.exp(a), b), tf.sub(tf.square(a), tf.pow(b, 3)));
  const positive = tf.greater(b, 0);
  const guarded = tf.where(positive, tf.sqrt(tf.where(positive, b, tf.onesLike(b))), tf.zerosLike(b));
  return tf.add(tf.sum(tf.square(chosen)), tf.sum(guarded));
});
