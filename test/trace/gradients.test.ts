/** Gradients taken by tfjs inside of a recorded function, and functions that bring their own. */

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { evaluated, printed, refusal, type T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

/** tfjs types the functions that it differentiates by their rank. */
const cube = (t: T): tf.Scalar => t.mul(t).mul(t).sum();

describe('gradients inside f', () => {
  it('tf.grad records the backward pass', () => {
    expect(printed((x: T) => tf.grad(cube)(x), new Float32Array(2))).toMatchInlineSnapshot(`
      "{ a:f32[2] ->
        b:f32[2] = mul a a  # mul
        c:f32[2] = mul b 2
        d:f32[2] = add c b
        out d }"
    `);
  });

  it('tf.grad of tf.grad', () => {
    const second = (x: T) => tf.grad((t: T) => tf.grad(cube)(t))(x);
    expect(evaluated(second, new Float32Array([1, 2]))).toEqual([[6, 12]]);
  });

  it('tf.valueAndGrads of several', () => {
    const f = ({ a, b }: { a: T; b: T }) => {
      const { value, grads } = tf.valueAndGrads((s: T, t: T) => s.mul(t).sum())([a, b]);
      return [value, ...grads];
    };
    expect(evaluated(f, { a: new Float32Array([1, 2]), b: new Float32Array([3, 4]) })).toEqual([[11], [3, 4], [1, 2]]);
  });

  it('tf.variableGrads with respect to variables outside', () => {
    const w = tf.variable(tf.scalar(3));
    const f = (x: T) => {
      const { grads } = tf.variableGrads(() => w.mul(w).mul(x) as tf.Scalar);
      return grads[w.name];
    };
    expect(evaluated(f, 5)).toEqual([[30]]);
    expect(w.dataSync()[0]).toBe(3);
    w.dispose();
  });

  it('of the saved results of ops that have them', () => {
    const f = (x: T) =>
      tf.grad((t: T) =>
        tf
          .softmax(t)
          .mul(tf.tensor1d([1, 2]))
          .sum(),
      )(x);
    const x = new Float32Array([0.5, 1]);
    const eager = [...f(tf.tensor1d(x)).dataSync()];
    const [recorded] = evaluated(f, x);
    for (const [i, value] of eager.entries()) expect(recorded[i]).toBeCloseTo(value, 6);
  });

  it('is not on the tape of a gradient around the recording', () => {
    const x = tf.scalar(2);
    const gradient = tf.grad((t: T) => {
      expect(evaluated((y: T) => y.mul(y), 3)).toEqual([[9]]);
      return t.mul(t);
    })(x);
    expect(gradient.dataSync()[0]).toBe(4);
  });
});

describe('tf.customGrad', () => {
  const clipped = tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([x as T]);
    return { value: (x as T).square(), gradFunc: (dy, [saved]) => dy.mul(saved).mul(100) };
  });

  it('is refused where it takes traced tensors out of a closure', () => {
    const f = (x: T) => tf.customGrad((c) => ({ value: (c as T).mul(x), gradFunc: (dy) => dy }))(tf.scalar(1));
    expect(refusal(f, 1).code).toBe('UNSUPPORTED_OP');
  });

  it('of constants is what it is', () => {
    expect(evaluated((x: T) => x.mul(clipped(tf.scalar(3))), 2)).toEqual([[18]]);
  });

  it('within tfjs itself is recorded by its forward pass', () => {
    const x = new Float32Array([0.5, -1, 2]);
    const losses = [
      (t: T) => tf.logSoftmax(t),
      (t: T) => tf.logSigmoid(t),
      (t: T) => tf.losses.softmaxCrossEntropy(tf.tensor1d([0, 1, 0]), t),
      (t: T) =>
        tf.fused.matMul({ a: t.reshape([1, 3]), b: tf.ones([3, 2]), bias: tf.tensor1d([1, 2]), activation: 'relu' }),
    ];
    for (const f of losses) {
      const eager = [...f(tf.tensor1d(x)).dataSync()];
      const [recorded] = evaluated(f, x);
      for (const [i, value] of eager.entries()) expect(recorded[i]).toBeCloseTo(value, 5);
    }
  });
});
