/** Layers of tfjs inside of a recorded function: built ones are ops on constant weights. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluated, refusal, type T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));

const images = tf.input({ shape: [6, 5, 2] });
const sequence = tf.input({ shape: [4, 3] });

const models: [string, () => tf.LayersModel][] = [
  [
    'dense, with normalization',
    () => {
      const input = tf.input({ shape: [3] });
      const hidden = tf.layers.dense({ units: 4, activation: 'tanh' }).apply(input);
      const normal = tf.layers.batchNormalization().apply(tf.layers.layerNormalization().apply(hidden));
      return tf.model({ inputs: input, outputs: tf.layers.dense({ units: 2 }).apply(normal) as tf.SymbolicTensor });
    },
  ],
  [
    'convolution and pooling',
    () => {
      const conv = tf.layers.conv2d({ filters: 3, kernelSize: 2, activation: 'relu' }).apply(images);
      const depthwise = tf.layers.depthwiseConv2d({ kernelSize: 2 }).apply(conv);
      const pooled = tf.layers.maxPooling2d({ poolSize: 2, strides: 1 }).apply(depthwise);
      const outputs = tf.layers.globalAveragePooling2d({}).apply(pooled) as tf.SymbolicTensor;
      return tf.model({ inputs: images, outputs });
    },
  ],
  [
    'lstm',
    () => tf.model({ inputs: sequence, outputs: tf.layers.lstm({ units: 3 }).apply(sequence) as tf.SymbolicTensor }),
  ],
  [
    'gru',
    () => tf.model({ inputs: sequence, outputs: tf.layers.gru({ units: 2 }).apply(sequence) as tf.SymbolicTensor }),
  ],
];

describe('a built model', () => {
  it.each(models)('%s', (_, build) => {
    const model = build();
    const shape = [2, ...(model.inputs[0].shape.slice(1) as number[])];
    const size = shape.reduce((a, b) => a * b, 1);
    const x = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
    const f = (v: T): T => model.predict(v.reshape(shape)) as T;
    const eager = tf.tidy(() => [...f(tf.tensor1d(x)).dataSync()]);
    const before = { ...tf.memory() };
    const [recorded] = evaluated(f, x);
    expect(tf.memory()).toEqual(before);
    for (const [i, value] of eager.entries()) expect(recorded[i]).toBeCloseTo(value, 5);
    model.dispose();
  });
});

describe('what a layer must not do', () => {
  it('dropout in training draws', () => {
    const layer = tf.layers.dropout({ rate: 0.5 });
    expect(refusal((x: T) => layer.apply(x.reshape([1, 2]), { training: true }), Float32Array.of(1, 2)).code).toBe(
      'RANDOM',
    );
  });

  it('an unbuilt layer would draw its weights', () => {
    const layer = tf.layers.dense({ units: 2 });
    expect(refusal((x: T) => layer.apply(x.reshape([1, 2])), Float32Array.of(1, 2)).code).toBe('RANDOM');
  });

  it('batch normalization in training assigns its averages', () => {
    const layer = tf.layers.batchNormalization();
    tf.dispose(layer.apply(tf.ones([1, 2])) as tf.Tensor);
    const f = (x: T) => layer.apply(x.reshape([2, 2]), { training: true });
    expect(refusal(f, Float32Array.of(1, 2, 3, 5)).code).toBe('VARIABLE_ASSIGN');
    layer.dispose();
  });
});
