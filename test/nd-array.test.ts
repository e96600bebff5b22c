/** NdArray and Matrix: shapes, indices, and tensors made of them. */

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { DiffopsError } from '../src/errors.ts';
import { float64ValuesOf } from '../src/float64.ts';
import { Matrix } from '../src/matrix.ts';
import { NdArray } from '../src/nd-array.ts';

describe('NdArray', () => {
  it('takes its dtype from the data', () => {
    expect(new NdArray([2], new Float32Array(2)).dtype).toBe('float32');
    expect(new NdArray([2], new Float64Array(2)).dtype).toBe('float64');
    expect(() => new NdArray([3], new Float32Array(2))).toThrow('2 values for shape [3]');
  });

  it.each<[string, unknown, unknown]>([
    ['plain arrays', [2], [1, 2]],
    ['integers', [2], new Int32Array(2)],
    ['a number for a shape', 2, new Float32Array(2)],
    ['negative dimensions', [-1, -2], new Float32Array(2)],
  ])('refuses %s', (_, shape, data) => {
    expect(() => new NdArray(shape as never, data as never)).toThrow(DiffopsError);
  });

  it.each([Float32Array, Float64Array])('becomes a tensor that shares no memory (%o)', (ArrayClass) => {
    const array = new NdArray([1, 2], new ArrayClass([0.1, 2]));
    const t = array.toTensor();
    array.data[1] = 9;
    expect(t.shape).toEqual([1, 2]);
    expect([...t.dataSync()]).toEqual([Math.fround(0.1), 2]);
    expect(float64ValuesOf(t)).toEqual(array.dtype === 'float64' ? new Float64Array([0.1, 2]) : undefined);
    t.dispose();
  });
});

describe('Matrix', () => {
  it('lies in shared memory', () => {
    const m = new Matrix([2, 3], 'float64');
    expect(m.data.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([m.data.length, m.dtype]).toEqual([6, 'float64']);
  });

  it('counts flattened outputs as rows, whatever the rank', () => {
    const J = new Matrix(
      [2, 2, 3],
      Float64Array.from({ length: 12 }, (_, i) => i),
    );
    expect([J.rows, J.columns]).toEqual([4, 3]);
    expect(J.get(3, 1)).toBe(10);
    expect([...J.row(2)]).toEqual([6, 7, 8]);
    expect(J.toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
    ]);
  });

  it('is one row for a scalar output', () => {
    const J = new Matrix([3], new Float32Array([1, 2, 3]));
    expect([J.rows, J.get(0, 2)]).toEqual([1, 3]);
    expect(J.toArray()).toEqual([[1, 2, 3]]);
  });

  it('becomes a tensor over memory that tfjs can use', () => {
    const m = new Matrix([1, 2], 'float32');
    m.data.set([1, 2]);
    const t = m.toTensor();
    expect([...t.mul(2).dataSync()]).toEqual([2, 4]);
    expect(t.shape).toEqual([1, 2]);
    tf.disposeVariables();
    t.dispose();
  });

  it.each([-1, 2, 0.5, Number.NaN])('refuses row %s', (i) => {
    const m = new Matrix([2, 2], 'float64');
    expect(() => m.get(i, 0)).toThrow(DiffopsError);
    expect(() => m.row(i)).toThrow('from 0 to 1');
    expect(() => m.get(0, i)).toThrow('column');
  });
});
