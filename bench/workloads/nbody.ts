/** The softened gravitational potential of 128 bodies in space, over all pairs. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

const BODIES = 128;
const SOFTENING = 1 / 64;

export const nbody = (): Workload => {
  const d = new Draw(10);
  const x = d.tensor([BODIES, 3]);
  const mass = tf.add(1, d.tensor([BODIES], 0.5));
  // Each pair once, and no body with itself.
  const pairs = tf.mul(
    tf.outerProduct(mass as tf.Tensor1D, mass as tf.Tensor1D),
    tf.linalg.bandPart(tf.ones([BODIES, BODIES]), 0, -1).sub(tf.eye(BODIES)),
  );
  const f = (positions: tf.Tensor): tf.Tensor => {
    const apart = tf.sub(tf.expandDims(positions, 1), tf.expandDims(positions, 0));
    const squared = tf.add(tf.sum(tf.square(apart), -1), SOFTENING);
    return tf.neg(tf.sum(tf.mul(pairs, tf.rsqrt(squared))));
  };
  return { name: 'nbody', about: 'potential of 128 bodies, all pairs', n: 3 * BODIES, f, x, peerBatches: 16, runs: 7 };
};
