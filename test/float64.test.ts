/** float64 tensors: ordinary to tfjs, with their values kept for diffops. */

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiffopsError } from '../src/errors.ts';
import { float64, float64ValuesOf } from '../src/float64.ts';

beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

describe('float64', () => {
  it('is an ordinary float32 tensor to tfjs', () => {
    const t = float64([
      [0.1, 0.2],
      [0.3, 0.4],
    ]);
    expect([t.shape, t.dtype]).toEqual([[2, 2], 'float32']);
    expect(t.add(1).dataSync()).toEqual(
      tf
        .add(
          tf.tensor2d([
            [0.1, 0.2],
            [0.3, 0.4],
          ]),
          1,
        )
        .dataSync(),
    );
  });

  it('takes numbers, nested arrays and typed arrays, with a shape', () => {
    expect(float64(0.1).shape).toEqual([]);
    expect(float64([]).shape).toEqual([0]);
    expect(float64([[[1], [2]]]).shape).toEqual([1, 2, 1]);
    expect(float64([1, 2, 3, 4], [2, 2]).shape).toEqual([2, 2]);
    expect(float64(new Float64Array(6), [3, 2]).shape).toEqual([3, 2]);
    expect(float64(new Int32Array([1, 2])).shape).toEqual([2]);
  });

  it('keeps the values, also of numbers that float32 has not', () => {
    expect(float64ValuesOf(float64([0.1, 1e300]))).toEqual(new Float64Array([0.1, 1e300]));
  });

  it('copies a typed array', () => {
    const values = new Float64Array([1, 2]);
    const t = float64(values);
    values[0] = 9;
    expect(float64ValuesOf(t)).toEqual(new Float64Array([1, 2]));
  });

  it('keeps the values through what shares the data: clone, reshape, variable', () => {
    const t = float64([0.1, 0.2]);
    const variable = tf.variable(t);
    for (const view of [t.clone(), t.reshape([2, 1]), variable]) {
      expect(float64ValuesOf(view)).toEqual(new Float64Array([0.1, 0.2]));
    }
    variable.dispose();
    expect(float64ValuesOf(t.mul(1))).toBeUndefined();
    expect(float64ValuesOf(t.toInt())).toBeUndefined();
  });

  it.each<[string, () => unknown]>([
    ['ragged rows', () => float64([[1, 2], [3]])],
    ['mixed depths', () => float64([1, [2]] as never)],
    ['strings', () => float64(['1'] as never)],
    ['undefined', () => float64(undefined as never)],
    ['another size', () => float64([1, 2, 3], [2, 2])],
    ['a negative dimension', () => float64([1, 2], [-1, -2])],
    ['a number for a shape', () => float64([1], 1 as never)],
    ['bigints', () => float64(new BigInt64Array(2) as never)],
    ['a DataView', () => float64(new DataView(new ArrayBuffer(8)) as never)],
  ])('refuses %s', (_, run) => {
    expect(run).toThrow(DiffopsError);
  });
});
