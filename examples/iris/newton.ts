/** The example's optimizer: Newton's method in float64, which turns a trained network into an exact mode. */

import { prepareHessian, valueAndGrad } from 'diffops';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Flowers, loss, type Weights } from './model.ts';

/** Below this gradient the quadratic model around the mode is exact to rounding. */
const GRADIENT_LIMIT = 1e-9;
const STEP_LIMIT = 40;
/** Curvatures smaller than this are taken as this, so that a step stays finite. */
const LEAST_CURVATURE = 1e-3;
const HALVINGS = 30;

export interface Mode {
  readonly network: Weights;
  readonly value: number;
  readonly gradientNorm: number;
  readonly steps: number;
}

export const decompose = (rows: number[][]): EigenvalueDecomposition =>
  new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });

const norm = (v: Float64Array): number => Math.hypot(...v);

/** Layer by layer, bias before weights: diffops' own order of leaves. */
const flatten = (network: Weights): Float64Array =>
  Float64Array.from(network.flatMap(({ bias, weights }) => [...bias.data, ...weights.data]));

/**
 * Steps of −|H|⁻¹ g, halved until the loss falls. |H| has the absolute eigenvalues, so that a direction of
 * negative curvature is descended and not climbed.
 */
export const descend = async (start: Weights, data: Flowers, workers: number): Promise<Mode> => {
  const problem = await prepareHessian(loss, start, { data, workers });
  const measure = async (network: Weights) => {
    const { value, gradient } = await valueAndGrad(loss, network, { data });
    return { network, value: value.data[0], gradient: flatten(gradient) };
  };
  let here = await measure(start);
  let steps = 0;
  while (norm(here.gradient) > GRADIENT_LIMIT && steps < STEP_LIMIT) {
    const { H, unflatten } = await problem.evaluate(here.network, { data });
    const { realEigenvalues, eigenvectorMatrix: v } = decompose(H.toArray());
    const along = v.transpose().mmul(Matrix.columnVector(here.gradient));
    const scaled = along.to1DArray().map((g, i) => g / Math.max(Math.abs(realEigenvalues[i]), LEAST_CURVATURE));
    const step = v.mmul(Matrix.columnVector(scaled)).to1DArray();
    const point = flatten(here.network);
    let next = here;
    for (let halving = 0; halving < HALVINGS && next === here; halving++) {
      const tried = await measure(unflatten(point.map((p, i) => p - step[i] / 2 ** halving)));
      if (tried.value < here.value || norm(tried.gradient) < norm(here.gradient)) next = tried;
    }
    if (next === here) break;
    here = next;
    steps++;
  }
  await problem.close();
  return { network: here.network, value: here.value, gradientNorm: norm(here.gradient), steps };
};
