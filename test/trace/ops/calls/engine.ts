/** Calls of functions that take functions, or that look after memory. */

import * as tf from '@tensorflow/tfjs';
import { floats } from '../../kernels/case.ts';
import { type Calls, call } from '../call.ts';

const x = floats([2, 3]);
const y = floats([2, 3], 2);
const product = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.sin(a), b));

export const engine: Calls = {
  tidy: [call([x], (t) => tf.tidy(() => tf.square(tf.neg(t))))],
  keep: [call([x], (t) => tf.keep(tf.square(t)))],
  dispose: [
    call([x], (t) => {
      const squared = tf.square(t);
      const result = tf.sin(squared);
      tf.dispose(squared);
      return result;
    }),
  ],
  grad: [call([x], (t) => tf.grad((a) => tf.sum(tf.pow(a, 3)))(t))],
  grads: [call([x, y], (a, b) => tf.grads((p, q) => product(p, q))([a, b]))],
  valueAndGrad: [
    {
      ...call([x], (t) => {
        const { value, grad } = tf.valueAndGrad((a) => tf.sum(tf.exp(a)))(t);
        return [value, grad];
      }),
      otherGradient: 'in gradients of gradients it loses the paths through results that it saved',
    },
  ],
  valueAndGrads: [
    call([x, y], (a, b) => {
      const { value, grads } = tf.valueAndGrads((p, q) => product(p, q))([a, b]);
      return [value, ...grads];
    }),
  ],
  variableGrads: [
    call([x], (t) => {
      const weights = tf.variable(tf.ones([3]));
      const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(tf.mul(t, weights))) as tf.Scalar, [weights]);
      const gradient = grads[weights.name];
      weights.dispose();
      return [value, gradient];
    }),
  ],
  customGrad: [
    call([x], (t) =>
      tf.customGrad((a, save) => {
        (save as tf.GradSaveFunc)([a as tf.Tensor]);
        return {
          value: tf.square(a as tf.Tensor),
          gradFunc: (dy, [saved]) => tf.mul(dy, tf.mul(saved, 2)),
        };
      })(t),
    ),
  ],
};
