/** What a case of a kernel is, and the inputs that cases are made of. */

import * as tf from '@tensorflow/tfjs';

export interface Input {
  readonly shape: number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly values: number[];
}

export interface Case {
  /** The kernel that must be reached, by tfjs' name. */
  readonly kernel: string;
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** The real result is known to be another: why. Values are then not compared, derivatives are. */
  readonly differs?: string;
  /** Of which scalar function `f` is the gradient, in which operand. */
  readonly gradientOf?: { readonly primal: (...inputs: tf.Tensor[]) => tf.Tensor; readonly operand: number };
  /** What tfjs takes for the gradient isn't it: why. */
  readonly otherGradient?: string;
  /** False where the point is a tie or a corner, on which finite differences say nothing. */
  readonly smooth?: false;
  /** For kernels that tfjs computes with fewer digits than float32 has. */
  readonly tolerance?: number;
}

const size = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** A fixed sequence of numbers in (0, 1). */
const sequence = (seed: number): (() => number) => {
  let state = seed * 7919 + 13;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
};

const made = (shape: number[], seed: number, f: (u: number) => number): Input => {
  const next = sequence(seed);
  for (let i = 0; i < 5; i++) next();
  return { shape, dtype: 'float32', values: Array.from({ length: size(shape) }, () => Math.fround(f(next()))) };
};

/** Floats in (low, high). */
export const between = (shape: number[], low: number, high: number, seed = 1): Input =>
  made(shape, seed, (u) => low + (high - low) * u);

/** Floats of both signs, none near 0. */
export const floats = (shape: number[], seed = 1): Input =>
  made(shape, seed, (u) => (u < 0.5 ? -1.7 + 2.8 * u : -1.1 + 2.8 * u));

export const positive = (shape: number[], seed = 1): Input => between(shape, 0.3, 2.5, seed);

export const ints = (shape: number[], values: number[]): Input => ({ shape, dtype: 'int32', values });

export const bools = (shape: number[], values: number[]): Input => ({ shape, dtype: 'bool', values });

export const exactly = (shape: number[], values: number[]): Input => ({ shape, dtype: 'float32', values });

export const tensorOf = ({ values, shape, dtype }: Input): tf.Tensor => tf.tensor(values, shape, dtype);
