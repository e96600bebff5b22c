/** Every loss of tf.losses; their twins are in test/fixtures/problems/losses.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;
interface Point {
  kernel: T;
  bias: T;
}
type Data = Record<'inputs' | 'labels' | 'binary' | 'classes' | 'weights' | 'rows', T>;

export const losses = family('losses');

const logits = (x: Point, data: Data): T => tf.add(tf.matMul(data.inputs, x.kernel), x.bias);
const predictions = (x: Point, data: Data): T => tf.tanh(logits(x, data));
const loss = (name: string, f: (x: Point, data: Data) => T): void => losses.hessian<Point, Data>(name, f);

loss('absolute-difference', (x, data) =>
  tf.losses.absoluteDifference(data.labels, predictions(x, data), data.weights, tf.Reduction.MEAN),
);
loss('weighted-loss', (x, data) => tf.losses.computeWeightedLoss(tf.exp(predictions(x, data)), data.rows));
loss('cosine-distance', (x, data) => tf.losses.cosineDistance(data.labels, predictions(x, data), 1, data.rows));
loss('hinge', (x, data) => tf.losses.hingeLoss(data.binary, predictions(x, data)));
loss('huber', (x, data) => tf.losses.huberLoss(data.labels, predictions(x, data), data.weights, 0.75));
loss('log-loss', (x, data) => tf.losses.logLoss(data.binary, tf.sigmoid(logits(x, data)), undefined, 2 ** -12));
loss('mean-squared-error', (x, data) => tf.losses.meanSquaredError(data.labels, predictions(x, data), data.weights));
loss('sigmoid-cross-entropy', (x, data) =>
  tf.losses.sigmoidCrossEntropy(data.binary, logits(x, data), data.weights, 0.125),
);
loss('softmax-cross-entropy', (x, data) =>
  tf.losses.softmaxCrossEntropy(data.classes, logits(x, data), tf.squeeze(data.rows), 0.125, tf.Reduction.MEAN),
);
