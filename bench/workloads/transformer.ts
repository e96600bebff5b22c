/** One transformer block (two heads, layer norms, a gelu network) on 8 sequences of 16 tokens, squared error. */

import * as tf from '@tensorflow/tfjs';
import { Draw } from '../draw.ts';
import type { Workload } from './workload.ts';

const SEQUENCES = 8;
const TOKENS = 16;
const WIDTH = 16;
const HEADS = 2;
const HEAD = WIDTH / HEADS;
const HIDDEN = 64;
const EPSILON = 1 / 1024;

type Matrices = 'query' | 'key' | 'value' | 'join' | 'up' | 'down';
type Vectors = 'upBias' | 'downBias' | 'gain1' | 'shift1' | 'gain2' | 'shift2';
type Weights = Record<Matrices | Vectors, tf.Tensor>;

const layerNorm = (h: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor): tf.Tensor => {
  const centred = tf.sub(h, tf.mean(h, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, EPSILON))), gain), shift);
};

const gelu = (h: tf.Tensor): tf.Tensor => tf.mul(tf.mul(0.5, h), tf.add(1, tf.erf(tf.mul(h, Math.SQRT1_2))));

/** (sequences · tokens, width) → (sequences, heads, tokens, head). */
const heads = (h: tf.Tensor): tf.Tensor => tf.transpose(tf.reshape(h, [SEQUENCES, TOKENS, HEADS, HEAD]), [0, 2, 1, 3]);

const attention = (h: tf.Tensor, x: Weights): tf.Tensor => {
  const [q, k, v] = [x.query, x.key, x.value].map((weights) => heads(tf.matMul(h, weights)));
  const shares = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(HEAD)));
  const mixed = tf.transpose(tf.matMul(shares, v), [0, 2, 1, 3]);
  return tf.matMul(tf.reshape(mixed, [SEQUENCES * TOKENS, WIDTH]), x.join);
};

export const transformer = (): Workload => {
  const d = new Draw(7);
  const x: Weights = {
    query: d.tensor([WIDTH, WIDTH], 0.5),
    key: d.tensor([WIDTH, WIDTH], 0.5),
    value: d.tensor([WIDTH, WIDTH], 0.5),
    join: d.tensor([WIDTH, WIDTH], 0.5),
    up: d.tensor([WIDTH, HIDDEN], 0.4),
    down: d.tensor([HIDDEN, WIDTH], 0.2),
    upBias: d.tensor([HIDDEN], 0.1),
    downBias: d.tensor([WIDTH], 0.1),
    gain1: tf.add(1, d.tensor([WIDTH], 0.125)),
    shift1: d.tensor([WIDTH], 0.1),
    gain2: tf.add(1, d.tensor([WIDTH], 0.125)),
    shift2: d.tensor([WIDTH], 0.1),
  };
  const tokens = d.tensor([SEQUENCES * TOKENS, WIDTH]);
  const labels = d.tensor([SEQUENCES * TOKENS, WIDTH]);
  const f = (w: Weights): tf.Tensor => {
    const h = tf.add(tokens, attention(layerNorm(tokens, w.gain1, w.shift1), w));
    const hidden = gelu(tf.add(tf.matMul(layerNorm(h, w.gain2, w.shift2), w.up), w.upBias));
    const out = tf.add(h, tf.add(tf.matMul(hidden, w.down), w.downBias));
    return tf.mean(tf.squaredDifference(out, labels));
  };
  return {
    name: 'transformer',
    about: 'one transformer block, 8 sequences of 16 tokens',
    n: 3216,
    f,
    x,
    peerBatches: 50,
    runs: 5,
  };
};
