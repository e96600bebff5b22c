/** The example's use of a Hessian: the Laplace approximation, and what it says about single flowers. */

import * as tf from '@tensorflow/tfjs';
import { jacobian } from 'diffops';
import { type EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { logits, type Weights } from './model.ts';

/** One flower's class probabilities by the mode alone, and averaged over the posterior; standard deviations of its logits. */
export interface Prediction {
  readonly atMode: number[];
  readonly averaged: number[];
  readonly deviations: number[];
}

/** H⁻¹: the covariance of the Gaussian that has the posterior's mode and curvature. */
export const covarianceOf = ({ realEigenvalues, eigenvectorMatrix }: EigenvalueDecomposition): Matrix => {
  const scaled = eigenvectorMatrix.clone().mulRowVector(realEigenvalues.map((value) => 1 / value));
  return scaled.mmul(eigenvectorMatrix.transpose());
};

const softmax = (values: number[]): number[] => {
  const exponentials = values.map((value) => Math.exp(value - Math.max(...values)));
  const total = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / total);
};

/**
 * Predictions for `features` `[k, 4]`. Logits are taken as linear in the weights around the mode, so their
 * covariance is J Σ Jᵀ; the average over them is MacKay's: each logit divided by √(1 + π/8 variance).
 */
export const predict = async (network: Weights, features: tf.Tensor, covariance: Matrix): Promise<Prediction[]> => {
  const { J } = await jacobian(logits, network, { data: features });
  const means = tf.tidy(() => {
    const tensors = network.map(({ weights, bias }) => ({ weights: weights.toTensor(), bias: bias.toTensor() }));
    return logits(tensors, features).arraySync();
  });
  const [, classes, n] = J.shape;
  return means.map((mean, k) => {
    const rows = mean.map((_, c) =>
      Matrix.rowVector(J.data.subarray((k * classes + c) * n, (k * classes + c + 1) * n)),
    );
    const variances = rows.map((row) => row.mmul(covariance).mmul(row.transpose()).get(0, 0));
    return {
      atMode: softmax(mean),
      averaged: softmax(mean.map((m, c) => m / Math.sqrt(1 + (Math.PI / 8) * variances[c]))),
      deviations: variances.map(Math.sqrt),
    };
  });
};
