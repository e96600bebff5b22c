/** Factorizations, bands and norms in tfjs; their twins are in test/fixtures/problems/linalg.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;

export const linalg = family('linalg');
const { hessian, jacobian } = linalg;

const diagonal = (r: T, size: number): T => {
  const square = tf.slice(
    r,
    r.shape.map(() => 0),
    [...r.shape.slice(0, -2), size, size],
  );
  return tf.sum(tf.mul(square, tf.eye(size)), -1);
};

/** Q and R with a positive diagonal of R. */
const qr = (a: T): [T, T] => {
  const size = Math.min(...a.shape.slice(-2));
  const [q, r] = tf.linalg.qr(a);
  const signs = tf.sign(diagonal(r, size));
  return [tf.mul(q, tf.expandDims(signs, -2)), tf.mul(r, tf.expandDims(signs, -1))];
};

jacobian<T>('qr-square', (x) => tf.concat(qr(x)));

for (const name of ['qr-square-twice', 'qr-tall', 'qr-wide']) {
  hessian<T, { q: T; r: T }>(name, (x, data) => {
    const [q, r] = qr(x);
    return tf.add(tf.sum(tf.mul(tf.sin(q), data.q)), tf.sum(tf.mul(tf.square(r), data.r)));
  });
}

hessian<T, { weights: T }>('qr-full', (x, data) => {
  const [q] = tf.linalg.qr(x, true);
  const rest = tf.slice(q, [0, 2], [4, 2]) as tf.Tensor2D;
  return tf.sum(tf.mul(tf.square(tf.matMul(rest, rest, false, true)), data.weights));
});

hessian<T, { q: T }>('qr-batch', (x, data) => {
  const [q, r] = qr(x);
  return tf.add(tf.sum(tf.mul(q, data.q)), tf.sum(tf.log(diagonal(r, 2))));
});

hessian<{ factor: T; scale: T }>('log-determinant', (x) => {
  const covariance = tf.add(tf.matMul(x.factor, x.factor, false, true), tf.mul(x.scale, tf.eye(3)));
  const [, r] = qr(covariance);
  return tf.sum(tf.log(diagonal(r, 3)));
});

jacobian<T>('gram-schmidt', (x) => tf.linalg.gramSchmidt(x as tf.Tensor2D) as T);

hessian<T>('bands', (x) => {
  const lower = tf.linalg.bandPart(x, -1, 0);
  return tf.add(
    tf.sum(tf.pow(tf.linalg.bandPart(x, 1, 1), 3)),
    tf.sum(tf.square(tf.matMul(lower, lower, false, true))),
  );
});

hessian<T>('matrix-norms', (x) => {
  const frobenius = tf.norm(x, 'fro', [1, 2]);
  const columns = tf.norm(x, 1, [1, 2]);
  const rows = tf.norm(x, Number.POSITIVE_INFINITY, [1, 2]);
  const smallest = tf.norm(x, Number.NEGATIVE_INFINITY, 2);
  return tf.addN([tf.sum(tf.mul(frobenius, columns)), tf.sum(tf.pow(rows, 3)), tf.prod(smallest)]);
});
