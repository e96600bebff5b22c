/** Random smooth tfjs functions over a tree of parameters, for properties that must hold for every program. */

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';

type T = tf.Tensor;

/** One step: takes the values made so far (each of shape [3, 2]) and makes another. */
type Step = { readonly op: number; readonly a: number; readonly b: number };

const matrix = (v: T): T => tf.matMul(v, tf.tensor2d([0.5, -0.25, 0.75, 1], [2, 2]));

/** All bounded on bounded input, so that depth doesn't overflow; smooth except for the last ones, off their corners. */
const OPS: ((a: T, b: T) => T)[] = [
  (a, b) => tf.add(a, b),
  (a, b) => tf.sub(a, tf.mul(0.5, b)),
  (a, b) => tf.tanh(tf.mul(a, b)),
  (a) => tf.sin(a),
  (a) => tf.sigmoid(a),
  (a) => tf.softplus(a),
  (a) => tf.exp(tf.neg(tf.square(a))),
  (a, b) => tf.div(a, tf.add(1.5, tf.square(b))),
  (a) => matrix(a),
  (a, b) => tf.tanh(tf.matMul(tf.matMul(a, b, false, true), b)),
  (a) => tf.softmax(a),
  (a) => tf.sub(a, tf.mean(a, 0, true)),
  (a, b) => tf.mul(tf.sum(a, 1, true), tf.cos(b)),
  (a) => tf.reverse(a, 0),
  (a) => tf.transpose(tf.reshape(a, [2, 3])),
  (a, b) => tf.concat([tf.slice(a, [1, 0], [2, 2]), tf.slice(b, [0, 0], [1, 2])]),
  (a) =>
    tf.pad(
      tf.slice(a, [0, 0], [2, 2]),
      [
        [1, 0],
        [0, 0],
      ],
      0.25,
    ),
  (a) => tf.gather(a, [2, 0, 2]),
  (a) => tf.cumsum(a, 0),
  (a, b) => tf.where(tf.greater(a, b), tf.sin(a), tf.square(tf.tanh(b))),
  (a, b) => tf.maximum(a, tf.sub(b, 0.1)),
  (a) => tf.log1p(tf.square(a)),
  (a) => tf.sqrt(tf.add(0.5, tf.square(a))),
  (a, b) => tf.atan2(a, tf.add(1.25, tf.square(b))),
  (a) => tf.tanh(tf.einsum('ij,kj->ik', a, a).matMul(a)),
];

export interface RandomFunction {
  readonly steps: readonly Step[];
  readonly point: { m: readonly number[]; v: readonly number[]; s: number };
}

/** The parameters: a 3×2 matrix, a vector of 3 and a number, n = 10. */
export const randomFunctions: fc.Arbitrary<RandomFunction> = fc.record({
  steps: fc.array(fc.record({ op: fc.nat(OPS.length - 1), a: fc.nat(30), b: fc.nat(30) }), {
    minLength: 1,
    maxLength: 9,
  }),
  point: fc.record({
    m: fc.array(number(), { minLength: 6, maxLength: 6 }),
    v: fc.array(number(), { minLength: 3, maxLength: 3 }),
    s: number(),
  }),
});

/** Exact in float32, and no two alike by much chance: ties are corners, tested elsewhere. */
function number(): fc.Arbitrary<number> {
  return fc.integer({ min: -1500, max: 1500 }).map((k) => (k + 0.5) / 1024);
}

interface Parameters {
  m: T;
  v: T;
  s: T;
}

const values = ({ steps }: RandomFunction, { m, v, s }: Parameters): T[] => {
  const made: T[] = [m, tf.add(tf.expandDims(v, 1), tf.mul(s, tf.tensor1d([1, -0.5])))];
  for (const { op, a, b } of steps) made.push(OPS[op](made[a % made.length], made[b % made.length]));
  return made;
};

/** The last value and one before it, weighted and summed. */
export const scalarOf = (random: RandomFunction) => (x: Parameters) => {
  const made = values(random, x);
  const weights = tf.tensor2d([1, -0.5, 0.25, 2, -1.5, 0.75], [3, 2]);
  return tf.add(tf.sum(tf.mul(made[made.length - 1], weights)), tf.mul(0.5, tf.sum(made[made.length - 2])));
};

/** The last value, [3, 2]. */
export const arrayOf = (random: RandomFunction) => (x: Parameters) => values(random, x)[random.steps.length + 1];

export const pointOf = ({ point }: RandomFunction, precision: 'float32' | 'float64') => {
  const array = precision === 'float64' ? Float64Array : Float32Array;
  return { m: tf.tensor2d([...point.m], [3, 2]), v: array.from(point.v), s: point.s };
};
