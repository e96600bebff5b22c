/** Matrices given out in blocks are the matrices that are held whole, whatever was computed before. */

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type Block, hessian, hessianBlocks } from '../src/index.ts';

const n = 24;
const x = tf.linspace(0.1, 1, n);

/** Puts a block where it belongs, and counts how often each column came. */
const place = (matrix: Float64Array, seen: number[], { rows, columns, data }: Block): void => {
  const width = columns[1] - columns[0];
  for (let j = columns[0]; j < columns[1]; j++) {
    seen[j]++;
    for (let i = rows[0]; i < rows[1]; i++) matrix[i * n + j] = data[(i - rows[0]) * width + j - columns[0]];
  }
};

const gathered = async (blocks: AsyncIterable<Block>): Promise<Float64Array> => {
  const matrix = new Float64Array(n * n).fill(Number.NaN);
  const seen = new Array<number>(n).fill(0);
  for await (const block of blocks) place(matrix, seen, block);
  expect(seen).toEqual(new Array(n).fill(1));
  return matrix;
};

describe('hessianBlocks', () => {
  it('has whole columns before and after the same Hessian was computed by halves', async () => {
    // A program of its own: what is remembered of one call must not be given to the other.
    const f = (v: tf.Tensor): tf.Tensor => v.square().sum().square().add(v.pow(3).sum());
    const before = await gathered(hessianBlocks(f, x, { nbatches: 4 }));
    const { H } = await hessian(f, x, { nbatches: 4 });
    const after = await gathered(hessianBlocks(f, x, { nbatches: 4 }));
    expect(after).toEqual(before);
    for (const [k, value] of H.data.entries()) expect(Math.abs(value - after[k])).toBeLessThan(1e-4);

    const g = (v: tf.Tensor): tf.Tensor => v.square().sum().square().add(v.pow(4).sum());
    await hessian(g, x, { nbatches: 3 });
    await gathered(hessianBlocks(g, x, { nbatches: 3 }));
  });
});
