/** Simulations, optics, regressions and nested gradients; their twins are in test/fixtures/problems/physics.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;

export const physics = family('physics');
const { hessian, jacobian } = physics;

hessian<T>('rosenbrock', (x) => {
  const n = x.shape[0];
  const head = tf.slice(x, 0, n - 1);
  const tail = tf.slice(x, 1, n - 1);
  const valley = tf.mul(100, tf.squaredDifference(tail, tf.square(head)));
  return tf.sum(tf.add(valley, tf.square(tf.sub(1, head))));
});

const roll = (u: T, shift: 1 | -1, axis: 0 | 1): T => {
  const length = u.shape[axis] ?? 0;
  const [front, back] = tf.split(u, shift === 1 ? [length - 1, 1] : [1, length - 1], axis);
  return tf.concat([back, front], axis);
};

hessian<T>('heat', (x) => {
  let u = x;
  for (let step = 0; step < 5; step++) {
    const neighbours = tf.addN([roll(u, 1, 0), roll(u, -1, 0), roll(u, 1, 1), roll(u, -1, 1)]);
    const laplacian = tf.sub(neighbours, tf.mul(4, u));
    const reaction = tf.sub(u, tf.pow(u, 3));
    u = tf.addN([u, tf.mul(0.125, laplacian), tf.mul(0.0625, reaction)]);
  }
  return tf.sum(tf.square(u));
});

hessian<T, { masses: T }>('n-body', (x, data) => {
  const difference = tf.sub(tf.expandDims(x, 1), tf.expandDims(x, 0));
  const distance = tf.sqrt(tf.add(tf.sum(tf.square(difference), 2), 0.0625));
  const masses = tf.mul(tf.expandDims(data.masses, 1), tf.expandDims(data.masses, 0));
  const pairs = tf.sub(masses, tf.linalg.bandPart(masses, -1, 0));
  return tf.neg(tf.sum(tf.div(pairs, distance)));
});

type Optics = Record<'aperture' | 'modes' | 'cos' | 'sin' | 'counts', T>;
hessian<{ coefficients: T; flux: T }, Optics>('optics', (x, data) => {
  const phase = tf.reshape(tf.dot(x.coefficients, tf.reshape(data.modes, [4, 36])), [6, 6]);
  const re = tf.mul(data.aperture, tf.cos(phase));
  const im = tf.mul(data.aperture, tf.sin(phase));
  const { cos, sin } = data;
  const re1 = tf.add(tf.matMul(cos, re, true), tf.matMul(sin, im, true));
  const im1 = tf.sub(tf.matMul(cos, im, true), tf.matMul(sin, re, true));
  const re2 = tf.add(tf.matMul(re1, cos), tf.matMul(im1, sin));
  const im2 = tf.sub(tf.matMul(im1, cos), tf.matMul(re1, sin));
  const intensity = tf.add(tf.mul(x.flux, tf.add(tf.square(re2), tf.square(im2))), 0.125);
  return tf.sum(tf.sub(intensity, tf.mul(data.counts, tf.log(intensity))));
});

hessian<{ slope: T; intercept: T }, { inputs: T; counts: T }>('poisson-regression', (x, data) => {
  const rate = tf.add(tf.dot(data.inputs, x.slope), x.intercept);
  return tf.sum(tf.sub(tf.exp(rate), tf.mul(data.counts, rate)));
});

hessian<{ length: T; period: T; inputs: T }, { target: T }>('periodic-kernel', (x, data) => {
  const difference = tf.sub(tf.expandDims(x.inputs, 1), tf.expandDims(x.inputs, 0));
  const wave = tf.square(tf.sin(tf.div(tf.mul(Math.PI, difference), x.period)));
  const kernel = tf.exp(tf.div(tf.mul(-2, wave), tf.square(x.length)));
  return tf.sum(tf.squaredDifference(kernel, data.target));
});

hessian<{ in: T; bias: T; out: T }, { times: T }>('physics-informed', (x, data) => {
  const u = (t: T): T => tf.matMul(tf.tanh(tf.add(tf.matMul(t, x.in), x.bias)), x.out);
  const slope = tf.grad((t: T) => tf.sum(u(t)))(data.times);
  const start = tf.sub(u(tf.zeros([1, 1])), 1);
  return tf.add(tf.mean(tf.square(tf.add(slope, u(data.times)))), tf.sum(tf.square(start)));
});

hessian<T, { direction: T }>('third-order', (x, data) => {
  const inner = (z: T): T => tf.sum(tf.mul(tf.exp(tf.sin(z)), tf.sum(tf.pow(z, 3))));
  return tf.sum(tf.mul(tf.grad(inner)(x), data.direction));
});

jacobian<T>('nested-gradient', (x) => {
  const inner = (z: T): T => tf.mul(tf.sum(tf.square(tf.tanh(z))), tf.sum(tf.exp(z)));
  return tf.grad((z: T) => tf.sum(tf.square(tf.grad(inner)(z))))(x);
});
