/** 200 phase modes over a 128² pupil, a matrix Fourier transform to 64², a Poisson loss. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

const MODES = 200;
const PUPIL = 128;
const IMAGE = 64;

const table = (rows: number, columns: number, value: (i: number, j: number) => number): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: rows * columns }, (_, k) => value(Math.floor(k / columns), k % columns)),
    [rows, columns],
  );

export const optics = (): Workload => {
  const d = new Draw(2);
  const x = d.tensor([MODES], 0.05);
  const frequencies = d.values(2 * MODES, 3);
  const phases = d.values(MODES, 3);
  const u = (i: number): number => i / (PUPIL / 2) - 1;
  // Each mode is a plane wave over the pupil.
  const basis = table(MODES, PUPIL * PUPIL, (k, p) =>
    Math.cos(frequencies[2 * k] * u(Math.floor(p / PUPIL)) + frequencies[2 * k + 1] * u(p % PUPIL) + phases[k]),
  );
  const aperture = table(PUPIL, PUPIL, (i, j) => (u(i) ** 2 + u(j) ** 2 <= 1 ? 1 : 0));
  const angle = (i: number, j: number): number => (((i - IMAGE / 2) * (j - PUPIL / 2)) / PUPIL) * Math.PI;
  const c = table(IMAGE, PUPIL, (i, j) => Math.cos(angle(i, j)) / PUPIL);
  const s = table(IMAGE, PUPIL, (i, j) => Math.sin(angle(i, j)) / PUPIL);
  const counts = tf.add(d.tensor([IMAGE, IMAGE]), 1);
  const f = (v: tf.Tensor): tf.Tensor => {
    const phase = tf.reshape(tf.matMul(tf.reshape(v, [1, MODES]), basis), [PUPIL, PUPIL]);
    const re = tf.mul(aperture, tf.cos(phase));
    const im = tf.mul(aperture, tf.sin(phase));
    const re1 = tf.add(tf.matMul(c, re), tf.matMul(s, im));
    const im1 = tf.sub(tf.matMul(c, im), tf.matMul(s, re));
    const re2 = tf.add(tf.matMul(re1, c, false, true), tf.matMul(im1, s, false, true));
    const im2 = tf.sub(tf.matMul(im1, c, false, true), tf.matMul(re1, s, false, true));
    const intensity = tf.add(tf.mul(100, tf.add(tf.square(re2), tf.square(im2))), 0.125);
    return tf.sum(tf.sub(intensity, tf.mul(counts, tf.log(intensity))));
  };
  return {
    name: 'optics',
    about: '200 phase modes through a matrix Fourier transform, 128² → 64²',
    n: MODES,
    f,
    x,
    peerBatches: 4,
    runs: 9,
  };
};
