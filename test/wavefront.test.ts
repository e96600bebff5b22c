/** Hessians through Fourier transforms, by the whole pipeline: against closed forms, the same on any number of workers. */

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRuntime, float64 } from '../src/index.ts';

type T = tf.Tensor;

const MODES = 5;

let runtimes: ReturnType<typeof createRuntime>[];

beforeAll(async () => {
  await tf.setBackend('cpu');
  runtimes = [1, 2].map((workers) => createRuntime({ workers }));
});

afterAll(() => Promise.all(runtimes.map((runtime) => runtime.close())));

const modesOf = (points: number): Float64Array[] =>
  Array.from({ length: MODES }, (_, k) => Float64Array.from({ length: points }, (_, p) => Math.sin((k + 1) * p + k)));

const fft2 = (z: T): T => tf.transpose(tf.fft(tf.transpose(tf.fft(z))));

/** A field of amplitude 1 + Σ aₖ·modeₖ and phase Σ bₖ·modeₖ; x is a, then b. */
const fieldOf =
  (basis: T, shape: number[]) =>
  (x: T): T => {
    const [a, b] = tf.split(x, 2);
    const [amplitude, phase] = [tf.dot(a, basis).add(1), tf.dot(b, basis)].map((v) => v.reshape(shape));
    return tf.complex(amplitude.mul(phase.cos()), amplitude.mul(phase.sin()));
  };

const at = Float64Array.from({ length: 2 * MODES }, (_, i) => 0.125 * Math.cos(i));

describe.each([
  [30, 17],
  [64, 64],
  [3, 210],
  [1, 1009],
  [2, 256],
])('%i × %i', (rows, columns) => {
  const points = rows * columns;
  const modes = modesOf(points);
  const basis = float64(Float64Array.from(modes.flatMap((mode) => [...mode])), [MODES, points]);
  const field = fieldOf(basis, [rows, columns]);

  // Parseval: the energy of a transform is that of the field, in which phases have no part.
  it('of the energy is that of the amplitudes', async () => {
    const energy = (x: T): T =>
      tf
        .abs(fft2(field(x)))
        .square()
        .sum()
        .div(points);
    const { H } = await runtimes[0].hessian(energy, at);
    for (let i = 0; i < 2 * MODES; i++) {
      for (let j = 0; j < 2 * MODES; j++) {
        const known = i < MODES && j < MODES ? 2 * modes[i].reduce((sum, v, p) => sum + v * modes[j][p], 0) : 0;
        expect(Math.abs(H.get(i, j) - known), `[${i}, ${j}]`).toBeLessThan(1e-12 * points);
      }
    }
  });

  it('of a likelihood is the same on one worker, on two, and interpreted', async () => {
    const loss = (x: T): T => {
      const rate = tf
        .abs(fft2(field(x)))
        .square()
        .div(points)
        .add(0.5);
      return rate.sub(tf.log(rate)).sum();
    };
    const options = { nbatches: MODES };
    const [one, two] = await Promise.all(runtimes.map((runtime) => runtime.hessian(loss, at, options)));
    expect(one.H.data).toEqual(two.H.data);
    const { H } = await runtimes[0].hessian(loss, at, { jit: false });
    const scale = Math.max(...H.data.map(Math.abs));
    for (const [i, v] of H.data.entries()) expect(Math.abs(one.H.data[i] - v), `[${i}]`).toBeLessThan(1e-12 * scale);
  });
});
