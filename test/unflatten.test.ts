/** Vectors back to trees, trees to values, and whether two trees have one structure. */

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { float64 } from '../src/float64.ts';
import { NdArray } from '../src/nd-array.ts';
import { flattenTree } from '../src/pytree.ts';
import { checkSameStructure, ravel, unflattenVector, valuesOf } from '../src/unflatten.ts';

const x = (tree: unknown) => flattenTree(tree, { name: 'x', finite: true, differentiated: true });
const data = (tree: unknown) => flattenTree(tree, { name: 'data', finite: true, differentiated: false });

describe('unflattenVector', () => {
  const matrix = tf.tensor2d([[3, 4]]);
  const flat = x({ c: 1, b: [new Float32Array(2), null], a: matrix, d: new Float64Array(1) });
  matrix.dispose();

  it('gives numbers, typed arrays and NdArrays where they were', () => {
    expect(unflattenVector(flat, new Float32Array([1, 2, 3, 4, 5, 6]))).toEqual({
      a: new NdArray([1, 2], new Float32Array([1, 2])),
      b: [new Float32Array([3, 4]), null],
      c: 5,
      d: new Float64Array([6]),
    });
  });

  it('keeps the precision of a float64 vector', () => {
    const vector = new Float64Array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    const tree = unflattenVector(flat, vector);
    expect(tree).toEqual({
      a: new NdArray([1, 2], new Float64Array([0.1, 0.2])),
      b: [new Float64Array([0.3, 0.4]), null],
      c: 0.5,
      d: new Float64Array([0.6]),
    });
    expect(ravel(x(tree), 'float64')).toEqual(vector);
  });

  it('copies, and takes tensors and NdArrays', () => {
    const two = x(new Float32Array(2));
    const vector = new Float64Array([1, 2]);
    const tree = unflattenVector(two, vector);
    vector[0] = 9;
    expect(tree).toEqual(new Float64Array([1, 2]));
    expect(unflattenVector(two, new NdArray([2], vector))).toEqual(vector);
    const tensors = [tf.tensor1d([1, 2]), float64([0.1, 0.2])];
    expect(tensors.map((t) => unflattenVector(two, t))).toEqual([
      new Float32Array([1, 2]),
      new Float64Array([0.1, 0.2]),
    ]);
    tf.dispose(tensors);
  });

  it.each<[string, unknown, string]>([
    ['another length', new Float32Array(5), 'length 5; the tree has 6'],
    ['an array', [1, 2, 3, 4, 5, 6], 'unflatten got an instance of Array'],
    ['a matrix', new NdArray([2, 3], new Float32Array(6)), 'float32 of shape [2,3]'],
    ['nothing', undefined, 'unflatten got undefined'],
  ])('refuses %s', (_, vector, message) => {
    expect(() => unflattenVector(flat, vector)).toThrow(message);
  });
});

describe('valuesOf', () => {
  it('brings floats to the precision and leaves the rest', () => {
    const label = tf.scalar(3, 'int32');
    const flat = data([new Float64Array([0.1]), label, 0.1]);
    expect(valuesOf(flat, 'float32')).toEqual([
      { shape: [1], dtype: 'float32', data: new Float32Array([0.1]) },
      { shape: [], dtype: 'int32', data: new Int32Array([3]) },
      { shape: [], dtype: 'float32', data: new Float32Array([0.1]) },
    ]);
    expect(valuesOf(flat, 'float64').map((v) => v.dtype)).toEqual(['float64', 'int32', 'float64']);
    label.dispose();
  });
});

describe('checkSameStructure', () => {
  const recorded = x({ a: new Float32Array(2), b: [1] });
  it('takes other kinds of the same shapes', () => {
    expect(() => checkSameStructure(recorded, x({ b: [2], a: new Float64Array(2) }), 'x')).not.toThrow();
  });
  it.each<[string, unknown, string]>([
    ['another key', { a: new Float32Array(2), c: [1] }, 'x.a, x.c[0]'],
    ['another container', { a: new Float32Array(2), b: 1 }, 'x.a, x.b;'],
    ['another shape', { a: new Float32Array(3), b: [1] }, 'x.a is float32 of shape [3]'],
  ])('refuses %s', (_, tree, message) => {
    expect(() => checkSameStructure(recorded, x(tree), 'x')).toThrow(message);
  });
  it('refuses integers for floats', () => {
    const label = tf.scalar(1, 'int32');
    expect(() => checkSameStructure(data(1), data(label), 'data')).toThrow('data is int32');
    label.dispose();
  });
});
