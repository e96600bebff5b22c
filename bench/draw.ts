/** The benchmark's numbers: a 32-bit linear congruential generator, the same one as in the peers. */

import * as tf from '@tensorflow/tfjs';

/** Numerical Recipes' constants, modulo 2³². */
const MULTIPLIER = 1664525;
const INCREMENT = 1013904223;

/** Draws float32 numbers in [−scale, scale). */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  values(count: number, scale = 1): Float32Array {
    return Float32Array.from({ length: count }, () => {
      this.#state = (Math.imul(MULTIPLIER, this.#state) + INCREMENT) >>> 0;
      return (this.#state / 2 ** 31 - 1) * scale;
    });
  }

  tensor(shape: number[], scale = 1): tf.Tensor {
    return tf.tensor(this.values(tf.util.sizeFromShape(shape), scale), shape);
  }
}
