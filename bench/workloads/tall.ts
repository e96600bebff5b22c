/** A tall Jacobian: the 256² pixels of 12 elliptic Gaussian spots on a slope, by their 75 parameters. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

const SPOTS = 12;
const SIDE = 256;

type Spots = Record<'row' | 'column' | 'height' | 'logHigh' | 'logWide' | 'tilt' | 'slope', tf.Tensor>;

export const tall = (): Workload => {
  const d = new Draw(9);
  const x: Spots = {
    row: d.tensor([SPOTS], 0.75),
    column: d.tensor([SPOTS], 0.75),
    height: tf.add(1, d.tensor([SPOTS], 0.5)),
    logHigh: tf.add(2, d.tensor([SPOTS], 0.5)),
    logWide: tf.add(2, d.tensor([SPOTS], 0.5)),
    tilt: d.tensor([SPOTS], 2),
    slope: d.tensor([3], 0.25),
  };
  // Pixel centres in [−1, 1), exact in binary.
  const axis = Float32Array.from({ length: SIDE }, (_, i) => i / (SIDE / 2) - 1);
  const rows = tf.tensor(axis, [1, SIDE, 1]);
  const columns = tf.tensor(axis, [1, 1, SIDE]);
  const each = (v: tf.Tensor): tf.Tensor => tf.reshape(v, [SPOTS, 1, 1]);
  const f = (p: Spots): tf.Tensor => {
    const dy = tf.mul(tf.sub(rows, each(p.row)), tf.exp(each(p.logHigh)));
    const dx = tf.mul(tf.sub(columns, each(p.column)), tf.exp(each(p.logWide)));
    const distance = tf.add(tf.square(dy), tf.square(dx));
    const along = tf.mul(each(p.tilt), tf.mul(dy, dx));
    const spots = tf.mul(each(p.height), tf.exp(tf.mul(-0.5, tf.sub(distance, tf.sin(along)))));
    const [level, down, right] = tf.split(p.slope, 3);
    const ground = tf.add(level, tf.add(tf.mul(down, tf.squeeze(rows, [0])), tf.mul(right, tf.squeeze(columns, [0]))));
    return tf.add(tf.sum(spots, 0), ground);
  };
  return {
    name: 'tall',
    about: '256² pixels by 75 parameters of Gaussian spots',
    matrix: 'jacobian',
    n: 6 * SPOTS + 3,
    f,
    x,
    peerBatches: 4,
    runs: 7,
  };
};
