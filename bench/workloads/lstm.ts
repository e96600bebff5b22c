/** An LSTM cell of 16 units over 8 steps of 32 sequences, squared error of a linear readout. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

const STEPS = 8;
const SEQUENCES = 32;
const INPUTS = 4;
const UNITS = 16;

type Weights = Record<'kernel' | 'recurrent' | 'bias' | 'readout', tf.Tensor>;

export const lstm = (): Workload => {
  const d = new Draw(6);
  const kernel = d.tensor([INPUTS, 4 * UNITS], 0.5);
  const recurrent = d.tensor([UNITS, 4 * UNITS], 0.3);
  const bias = d.tensor([4 * UNITS], 0.1);
  const readout = d.tensor([UNITS, 1], 0.5);
  const inputs = Array.from({ length: STEPS }, () => d.tensor([SEQUENCES, INPUTS]));
  const labels = d.tensor([SEQUENCES, 1]);
  const f = (x: Weights): tf.Tensor => {
    let h: tf.Tensor = tf.zeros([SEQUENCES, UNITS]);
    let c: tf.Tensor = tf.zeros([SEQUENCES, UNITS]);
    for (const input of inputs) {
      const gates = tf.add(tf.add(tf.matMul(input, x.kernel), tf.matMul(h, x.recurrent)), x.bias);
      const [take, forget, update, give] = tf.split(gates, 4, 1);
      c = tf.add(tf.mul(tf.sigmoid(forget), c), tf.mul(tf.sigmoid(take), tf.tanh(update)));
      h = tf.mul(tf.sigmoid(give), tf.tanh(c));
    }
    return tf.mean(tf.squaredDifference(tf.matMul(h, x.readout), labels));
  };
  return {
    name: 'lstm',
    about: 'LSTM of 16 units, 8 steps of 32 sequences',
    n: 1360,
    f,
    x: { kernel, recurrent, bias, readout },
    peerBatches: 86,
    hasRestricted: true,
    runs: 5,
  };
};
