/** A network of 60 tanh layers of 32 units, 16384 samples: what memory limits are shown on. It has no peers. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';

const LAYERS = 60;
const UNITS = 32;
const SAMPLES = 16384;

export const deep = () => {
  const d = new Draw(5);
  const x = Array.from({ length: LAYERS }, () => d.tensor([UNITS, UNITS], 0.3));
  const inputs = d.tensor([SAMPLES, UNITS]);
  const f = (weights: tf.Tensor[]): tf.Tensor =>
    tf.mean(
      tf.square(weights.reduce<tf.Tensor>((h, w) => tf.tanh(tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D)), inputs)),
    );
  return { f, x };
};
