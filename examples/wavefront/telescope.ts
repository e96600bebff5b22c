/** A telescope as a function: from the errors of its wavefront, the star's brightness and the sky's to a Poisson likelihood. */

import * as tf from '@tensorflow/tfjs';
import { float64 } from 'diffops';
import { circle, type Mode, zernike } from './zernike.ts';

/** Points across the pupil, across the field that is transformed, and across the detector in its middle. */
const PUPIL = 32;
const FIELD = 64;
const DETECTOR = 32;
/** Defocus that is put in on purpose, in radians: without it, an image can't tell an even mode from its negative. */
const DIVERSITY = 1.5;

export const modes: readonly Mode[] = Array.from({ length: 20 }, (_, i) => zernike(i + 2, PUPIL));

const inside = circle(PUPIL);
/** Alternating signs put the image into the middle of the transform, not into its corners. */
const aperture = float64(
  inside.map((v, k) => ((k + Math.floor(k / PUPIL)) % 2 === 0 ? v : -v)),
  [PUPIL, PUPIL],
);
const energy = FIELD ** 2 * inside.reduce((sum, v) => sum + v, 0);
const basis = float64(Float64Array.from(modes.flatMap(({ values }) => [...values])), [modes.length, PUPIL * PUPIL]);
const diversity = float64(
  zernike(4, PUPIL).values.map((v) => DIVERSITY * v),
  [PUPIL, PUPIL],
);
const scale = float64(1 / energy);

/** The transform along both axes: tfjs has it along the last. */
const fft2 = (field: tf.Tensor): tf.Tensor => tf.transpose(tf.fft(tf.transpose(tf.fft(field))));

/**
 * Photons expected in each pixel, [DETECTOR, DETECTOR]. x: the modes' coefficients in radians, then the logarithms of the
 * star's photons and of the sky's in a pixel, since both are positive.
 */
export const image = (x: tf.Tensor): tf.Tensor => {
  const [coefficients, logFlux, logSky] = tf.split(x, [modes.length, 1, 1]);
  const phase = tf.dot(coefficients, basis).reshape([PUPIL, PUPIL]).add(diversity);
  const margin: [number, number] = [0, FIELD - PUPIL];
  const part = (wave: tf.Tensor): tf.Tensor => wave.mul(aperture).pad([margin, margin]);
  const intensity = tf.abs(fft2(tf.complex(part(phase.cos()), part(phase.sin())))).square();
  const first = (FIELD - DETECTOR) / 2;
  const seen = intensity.slice([first, first], [DETECTOR, DETECTOR]).mul(scale);
  return seen.mul(tf.exp(logFlux)).add(tf.exp(logSky));
};

/** Minus the logarithm of the probability of the counts, without the part that doesn't depend on x. */
export const loss = (x: tf.Tensor, counts: tf.Tensor): tf.Tensor => {
  const rate = image(x);
  return rate.sub(counts.mul(tf.log(rate))).sum();
};

/** A sequence of numbers in (0, 1), the same in every run. */
const uniform = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
};

/** Numbers of a standard normal distribution, by Box and Muller. */
export const normal = (seed: number): (() => number) => {
  const next = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
};

/** One exposure: counts with the means that are given. */
export const expose = (rates: ArrayLike<number>, seed: number): tf.Tensor => {
  const next = uniform(seed);
  const deviate = normal(seed + 1);
  const draw = (rate: number): number => {
    if (rate > 50) return Math.max(0, Math.round(rate + Math.sqrt(rate) * deviate()));
    let count = 0;
    for (let product = next(); product > Math.exp(-rate); product *= next()) count++;
    return count;
  };
  return tf.tensor(Array.from(rates, draw), [DETECTOR, DETECTOR]);
};
