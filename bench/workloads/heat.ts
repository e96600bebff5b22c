/** 50 explicit steps of a reaction-diffusion equation on a periodic 16² grid, sum of squares. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

const SIDE = 16;

/** Every element one place on along `axis`, the last one first (or the other way round). */
const roll = (u: tf.Tensor, shift: 1 | -1, axis: 0 | 1): tf.Tensor => {
  const [front, back] = tf.split(u, shift === 1 ? [SIDE - 1, 1] : [1, SIDE - 1], axis);
  return tf.concat([back, front], axis);
};

export const heat = (): Workload => {
  const x = new Draw(3).tensor([SIDE, SIDE]);
  const f = (start: tf.Tensor): tf.Tensor => {
    let u = start;
    for (let step = 0; step < 50; step++) {
      const neighbours = tf.addN([roll(u, 1, 0), roll(u, -1, 0), roll(u, 1, 1), roll(u, -1, 1)]);
      const diffusion = tf.mul(0.125, tf.sub(neighbours, tf.mul(4, u)));
      const reaction = tf.mul(0.0625, tf.sub(u, tf.mul(tf.mul(u, u), u)));
      u = tf.addN([u, diffusion, reaction]);
    }
    return tf.sum(tf.square(u));
  };
  return {
    name: 'heat',
    about: '50 steps of a reaction-diffusion equation on 16²',
    n: SIDE * SIDE,
    f,
    x,
    peerBatches: 4,
    runs: 9,
  };
};
