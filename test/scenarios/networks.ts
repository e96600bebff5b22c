/** Neural networks in tfjs; their twins are in test/fixtures/problems/networks.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;
interface Layer {
  kernel: T;
  bias: T;
}

export const networks = family('networks');
const { hessian, jacobian } = networks;

const meanSquaredError = (labels: T, predictions: T): T => tf.mean(tf.square(tf.sub(predictions, labels)));

hessian<{ hidden: Layer[]; out: Layer }, { inputs: T; labels: T }>('mlp', (x, data) => {
  let h = data.inputs;
  for (const layer of x.hidden) h = tf.tanh(tf.add(tf.matMul(h, layer.kernel), layer.bias));
  return meanSquaredError(data.labels, tf.add(tf.matMul(h, x.out.kernel), x.out.bias));
});

hessian<{ conv1: Layer; conv2: Layer; dense: Layer }, { images: T; labels: T }>('convnet', (x, data) => {
  const first = tf.conv2d(data.images as tf.Tensor4D, x.conv1.kernel as tf.Tensor4D, 1, 'same');
  const pooled = tf.avgPool(tf.softplus(tf.add(first, x.conv1.bias)) as tf.Tensor4D, 2, 2, 'valid');
  const second = tf.conv2d(pooled, x.conv2.kernel as tf.Tensor4D, 1, 'valid');
  const features = tf.maxPool(tf.softplus(tf.add(second, x.conv2.bias)) as tf.Tensor4D, 2, 1, 'valid');
  const logits = tf.add(tf.matMul(tf.reshape(features, [3, 4]), x.dense.kernel), x.dense.bias);
  return tf.losses.softmaxCrossEntropy(data.labels, logits);
});

hessian<{ image: T }, { weights: T }>('pooling', (x, data) => {
  const h = tf.sin(tf.mul(2, x.image)) as tf.Tensor4D;
  const overlapping = tf.mul(tf.avgPool(h, 3, 2, 'same'), tf.maxPool(h, 2, 2, 'same'));
  return tf.sum(tf.mul(tf.square(tf.squeeze(overlapping)), data.weights));
});

hessian<Layer, { images: T }>('depthwise', (x, data) => {
  const h = tf.depthwiseConv2d(data.images as tf.Tensor4D, x.kernel as tf.Tensor4D, 1, 'same');
  return tf.sum(tf.square(tf.tanh(tf.add(h, x.bias))));
});

hessian<{ depthwise: T; pointwise: T }, { images: T }>('separable', (x, data) => {
  const images = data.images as tf.Tensor4D;
  const h = tf.separableConv2d(images, x.depthwise as tf.Tensor4D, x.pointwise as tf.Tensor4D, 2, 'same');
  return tf.mean(tf.square(tf.elu(h)));
});

hessian<{ kernel: T; code: T }, { target: T }>('transposed-conv', (x, data) => {
  const image = tf.conv2dTranspose(x.code as tf.Tensor4D, x.kernel as tf.Tensor4D, [1, 5, 5, 2], 2, 'valid');
  return tf.sum(tf.square(tf.sub(tf.sigmoid(image), data.target)));
});

hessian<{ kernel: T; signal: T }>('conv1d', (x) => {
  const signal = x.signal as tf.Tensor3D;
  const kernel = x.kernel as tf.Tensor3D;
  const strided = tf.conv1d(signal, kernel, 2, 'same');
  const dilated = tf.conv1d(signal, kernel, 1, 'valid', 'NWC', 2);
  const head = tf.slice(strided, [0, 0, 0], [1, 3, 2]);
  return tf.add(tf.sum(tf.sin(strided)), tf.sum(tf.mul(head, dilated)));
});

jacobian<{ image: T; kernel: T }>('conv2d-paddings', (x) => {
  const image = x.image as tf.Tensor4D;
  const kernel = x.kernel as tf.Tensor4D;
  const explicit: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [1, 2],
    [0, 1],
    [0, 0],
  ];
  const padded = tf.conv2d(image, kernel, [2, 1], explicit);
  const dilated = tf.conv2d(image, kernel, 1, 'valid', 'NHWC', 2);
  return tf.concat([tf.reshape(padded, [-1]), tf.reshape(dilated, [-1])]);
});

hessian<{ kernel: T; gamma: T; beta: T }, { inputs: T; target: T }>('batch-norm', (x, data) => {
  const h = tf.matMul(data.inputs, x.kernel) as tf.Tensor2D;
  const { mean, variance } = tf.moments(h, 0);
  const normal = tf.batchNorm(
    h,
    mean as T & tf.Tensor1D,
    variance as tf.Tensor1D,
    x.beta as tf.Tensor1D,
    x.gamma as tf.Tensor1D,
    2 ** -10,
  );
  return meanSquaredError(data.target, tf.tanh(normal));
});

hessian<{ kernel: T; gamma: T; beta: T }, { inputs: T; target: T }>('layer-norm', (x, data) => {
  const h = tf.matMul(data.inputs, x.kernel);
  const { mean, variance } = tf.moments(h, -1, true);
  const normal = tf.div(tf.sub(h, mean), tf.sqrt(tf.add(variance, 2 ** -10)));
  const out = tf.softplus(tf.add(tf.mul(normal, x.gamma), x.beta));
  return tf.sum(tf.squaredDifference(out, data.target));
});

hessian<{ input: T; state: T; bias: T; out: T }, { steps: T; labels: T }>('rnn', (x, data) => {
  let h: T = tf.zeros([4, 3]);
  for (const step of tf.unstack(data.steps)) {
    h = tf.tanh(tf.addN([tf.matMul(step, x.input), tf.matMul(h, x.state), tf.broadcastTo(x.bias, [4, 3])]));
  }
  return meanSquaredError(data.labels, tf.matMul(h, x.out));
});

hessian<{ query: T; key: T; value: T }, { tokens: T; target: T }>('attention', (x, data) => {
  const tokens = tf.reshape(data.tokens, [8, 3]);
  // (batch · token, 3) → (batch, head, token, 2)
  const heads = (kernel: T): T => tf.transpose(tf.reshape(tf.matMul(tokens, kernel), [2, 4, 2, 2]), [0, 2, 1, 3]);
  const scores = tf.mul(tf.matMul(heads(x.query), heads(x.key), false, true), 0.75);
  const mixed = tf.matMul(tf.softmax(scores), heads(x.value));
  const out = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [2, 4, 4]);
  return meanSquaredError(data.target, out);
});
