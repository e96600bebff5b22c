/** Fisher scoring: Newton's method with the information that is expected in the place of the Hessian that is seen. */

import type * as tf from '@tensorflow/tfjs';
import { jacobian, valueAndGrad } from 'diffops';
import { Matrix, solve } from 'ml-matrix';
import { image, loss } from './telescope.ts';

const STEP_LIMIT = 50;
const HALVINGS = 20;
/** Of the gradient in units of what its noise would be: below this, the estimate stands still. */
const SETTLED = 1e-6;

export interface Fit {
  readonly x: Float64Array;
  readonly value: number;
  readonly steps: number;
  /** How far the gradient is from zero, in standard deviations. */
  readonly distance: number;
}

/** What an exposure at x will tell, [n, n]: JᵀJ for J the derivative of 2·√rate, in which Poisson's noise is 1. */
export const information = async (x: Float64Array): Promise<Matrix> => {
  const { J } = await jacobian((v: tf.Tensor) => image(v).sqrt().mul(2).flatten(), x);
  const rows = new Matrix(J.toArray() as number[][]);
  return rows.transpose().mmul(rows);
};

const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((s, v, i) => s + v * b[i], 0);

export const estimate = async (start: Float64Array, counts: tf.Tensor): Promise<Fit> => {
  const measure = async (x: Float64Array) => {
    const { value, gradient } = await valueAndGrad(loss, x, { data: counts });
    return { x, value: value.data[0], gradient: Float64Array.from(gradient) };
  };
  let here = await measure(start);
  for (let steps = 0; ; steps++) {
    const step = solve(await information(here.x), Matrix.columnVector([...here.gradient])).to1DArray();
    const distance = Math.sqrt(inner(step, here.gradient));
    if (distance < SETTLED || steps === STEP_LIMIT) return { x: here.x, value: here.value, steps, distance };
    const before = here;
    let size = 1;
    do {
      here = await measure(before.x.map((v, i) => v - size * step[i]));
      size /= 2;
    } while (here.value > before.value && size > 2 ** -HALVINGS);
  }
};
