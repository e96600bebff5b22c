/** The blocks of a Hessian as a tree of trees. */

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { hessianToPytree } from '../src/hessian-to-pytree.ts';
import { Matrix } from '../src/matrix.ts';
import { NdArray } from '../src/nd-array.ts';

const counting = (n: number) => Float64Array.from({ length: n * n }, (_, i) => i);

describe('hessianToPytree', () => {
  it('cuts the matrix into a block for each pair of leaves', () => {
    const tree = hessianToPytree(new Matrix([4, 4], counting(4)), {
      b: 1,
      a: new NdArray([1, 3], new Float64Array(3)),
    });
    expect(tree).toEqual({
      a: {
        a: new NdArray([1, 3, 1, 3], new Float64Array([0, 1, 2, 4, 5, 6, 8, 9, 10])),
        b: new NdArray([1, 3], new Float64Array([3, 7, 11])),
      },
      b: { a: new NdArray([1, 3], new Float64Array([12, 13, 14])), b: new NdArray([], new Float64Array([15])) },
    });
  });

  it('takes one leaf, an NdArray and a tensor', () => {
    const H = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const block = new NdArray([2, 2], new Float32Array([1, 2, 3, 4]));
    expect(hessianToPytree(H, new Float32Array(2))).toEqual(block);
    expect(hessianToPytree(block, new Float32Array(2))).toEqual(block);
    H.dispose();
  });

  it.each([[[3, 3]], [[4]], [[2, 2, 2, 2]]])('refuses a matrix of shape %j for 4 elements', (shape) => {
    const H = new NdArray(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
    expect(() => hessianToPytree(H, [new Float32Array(3), 1])).toThrow(/^H has shape \[/);
  });

  it('refuses what is no matrix', () => {
    expect(() => hessianToPytree([[1]] as never, 1)).toThrow('H is an instance of Array');
  });
});
