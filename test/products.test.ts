/** Products with derivatives take vectors of the right structure only. */

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { hvp, jvp, valueAndGrad, vjp } from '../src/index.ts';

const x = () => Float64Array.of(1, 2);
const tree = (v: tf.Tensor) => ({ a: tf.sum(v), b: tf.prod(v) });

describe('vjp', () => {
  it('takes a number or a vector for an output of as many elements', async () => {
    const { gradient } = await vjp(tree, x(), { a: 3, b: Float64Array.of(1) });
    expect(gradient).toEqual(Float64Array.of(5, 4));
  });

  it.each<[string, unknown]>([
    ['other keys', { b: 1, c: 2 }],
    ['an array for an object', [1, 2]],
    ['an output less', { a: 1 }],
    ['another size', { a: 1, b: Float64Array.of(1, 2) }],
    ['nothing', null],
  ])('refuses %s', async (_, u) => {
    await expect(vjp(tree, x(), u as never)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('f(x).a of shape []'),
    });
  });

  it('takes the cotangent of a result without elements', async () => {
    const { value, gradient } = await vjp((v: tf.Tensor) => tf.slice(v, [0], [0]), x(), new Float64Array(0));
    expect([value.shape, gradient]).toEqual([[0], Float64Array.of(0, 0)]);
  });
});

describe('hvp', () => {
  it('takes a gradient for v, in types too', async () => {
    const f = (p: { w: tf.Tensor }): tf.Tensor => tf.sum(tf.pow(p.w, 3));
    const point = { w: tf.tensor1d([1, 2]) };
    const { gradient } = await valueAndGrad(f, point);
    expect([...(await hvp(f, point, gradient)).w.data]).toEqual([18, 144]);
    expect([...(await jvp(f, point, gradient)).tangent.data]).toEqual([9 + 144]);
    point.w.dispose();
  });

  it('refuses a v of another shape, by its path', async () => {
    const f = (v: { w: tf.Tensor }): tf.Tensor => tf.sum(tf.square(v.w));
    const wrong = hvp(f, { w: x() }, { w: Float64Array.of(1) });
    await expect(wrong).rejects.toThrow('v.w is float64 of shape [1]; x.w was recorded as float64 of shape [2]');
  });
});
