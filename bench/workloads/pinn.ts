/** A physics-informed network, 2-30-30-1 tanh: Burgers' equation at 128 points, with derivatives by tf.grad, and 64 initial values. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

const POINTS = 128;
const STARTS = 64;
const VISCOSITY = 1 / 64;

type Weights = Record<'w1' | 'b1' | 'w2' | 'b2' | 'w3' | 'b3', tf.Tensor>;

export const pinn = (): Workload => {
  const d = new Draw(11);
  const w1 = d.tensor([2, 30]);
  const b1 = d.tensor([30], 0.5);
  const w2 = d.tensor([30, 30], 0.3);
  const b2 = d.tensor([30], 0.1);
  const w3 = d.tensor([30, 1], 0.3);
  const b3 = d.tensor([1], 0.1);
  const times = tf.add(0.5, d.tensor([POINTS, 1], 0.5));
  const places = d.tensor([POINTS, 1]);
  const starts = d.tensor([STARTS, 1]);
  const startValues = tf.neg(tf.sin(tf.mul(Math.PI, starts)));
  const f = (x: Weights): tf.Tensor => {
    const u = (t: tf.Tensor, z: tf.Tensor): tf.Tensor => {
      const h1 = tf.tanh(tf.add(tf.matMul(tf.concat([t, z], 1), x.w1), x.b1));
      const h2 = tf.tanh(tf.add(tf.matMul(h1, x.w2), x.b2));
      return tf.add(tf.matMul(h2, x.w3), x.b3);
    };
    // Points don't depend on each other, so the gradient of a sum over them is the derivative at each.
    const slopes = tf.grads((t: tf.Tensor, z: tf.Tensor) => tf.sum(u(t, z)));
    const bend = tf.grad((z: tf.Tensor) => tf.sum(slopes([times, z])[1]));
    const [ut, uz] = slopes([times, places]);
    const residual = tf.sub(tf.add(ut, tf.mul(u(times, places), uz)), tf.mul(VISCOSITY, bend(places)));
    const start = tf.squaredDifference(u(tf.zeros([STARTS, 1]), starts), startValues);
    return tf.add(tf.mean(tf.square(residual)), tf.mean(start));
  };
  return {
    name: 'pinn',
    about: "network 2-30-30-1 for Burgers' equation, derivatives inside f",
    n: 1051,
    f,
    x: { w1, b1, w2, b2, w3, b3 },
    peerBatches: 34,
    hasRestricted: true,
    runs: 5,
  };
};
