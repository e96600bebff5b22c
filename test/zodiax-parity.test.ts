/** What zodiax's own tests check of its diffops holds here, and its results are ours. */

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { hessian, hessianToPytree, jacobian, NdArray, prepareHessian } from '../src/index.ts';
import { blockSizeOf, tilesOf } from '../src/plan/blocks.ts';
import { seedsOf } from '../src/pool/run-job.ts';
import { derivativeOf } from './scenarios/scenario.ts';
import { trees } from './scenarios/trees.ts';
import { expectClose } from './support/close.ts';

interface Point {
  a: tf.Tensor;
  b: tf.Tensor;
}
const x = { a: Float64Array.of(1, 2), b: Float64Array.of(3) };
const at = (v: tf.Tensor, i: number): tf.Tensor => tf.squeeze(tf.slice(v, i, 1));

const vector = ({ a, b }: Point): tf.Tensor =>
  tf.stack([tf.add(tf.mul(at(a, 0), at(a, 1)), at(b, 0)), tf.add(tf.square(at(a, 0)), tf.mul(2, at(b, 0)))]);
const scalar = ({ a, b }: Point): tf.Tensor =>
  tf.addN([tf.sum(tf.square(a)), tf.mul(at(a, 0), at(b, 0)), tf.pow(at(b, 0), 3)]);

const J = [2, 1, 1, 2, 0, 2];
const H = [2, 0, 1, 0, 2, 0, 1, 0, 18];

/** The seed indices of all blocks as workers get them, padded to one width. */
const paddedBlocks = (n: number, nbatches: number): ArrayLike<number>[] => {
  const width = blockSizeOf(n, nbatches);
  return tilesOf(0, 0, n, width).map((tile) => seedsOf({ first: 0, width }, tile).data);
};

describe('blocks', () => {
  test('n = 5 in two blocks: three columns each, six indices', async () => {
    const blocks = paddedBlocks(5, 2);
    expect(blocks.map((block) => block.length)).toEqual([3, 3]);
    expect(Array.from(blocks[0])).toEqual([0, 1, 2]);
    // zodiax pads with column 0 and trims; here padding repeats no column.
    expect(Array.from(blocks[1])).toEqual([3, 4, -1]);
    const { report } = await hessian((v: tf.Tensor) => tf.sum(tf.pow(v, 3)), new Float64Array(5), { nbatches: 2 });
    expect(report).toMatchObject({ n: 5, nbatches: 2, blockSize: 3 });
  });

  test('block sizes as zodiax gives them, for all small n', () => {
    const cases: { n: number; nbatches: number; shape: [number, number]; total: number }[] = JSON.parse(
      readFileSync(new URL('./fixtures/padding.json', import.meta.url), 'utf8'),
    );
    expect(cases.length).toBe(28);
    for (const { n, nbatches, shape, total } of cases) {
      expect([nbatches, blockSizeOf(n, nbatches)]).toEqual(shape);
      expect(nbatches * blockSizeOf(n, nbatches)).toBe(total);
      // Each column once; blocks of nothing but padding don't run.
      const columns = paddedBlocks(n, nbatches).flatMap((block) => Array.from(block).filter((i) => i >= 0));
      expect(columns).toEqual(Array.from({ length: n }, (_, i) => i));
    }
  });

  test.each([
    ['hessian', () => hessian(scalar, x, { nbatches: 4 })],
    ['jacobian', () => jacobian(vector, x, { nbatches: 4 })],
    ['prepareHessian', () => prepareHessian(scalar, x, { nbatches: 4 })],
  ])('%s refuses more batches than parameters', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'NBATCHES', message: expect.stringContaining('nbatches') });
  });
});

describe.each([true, false])('jit: %s', (jit) => {
  describe.each([true, false])('checkpoint: %s', (checkpoint) => {
    test('jacobian in batches equals the unbatched', async () => {
      for (const nbatches of [1, 2, 3]) {
        const result = await jacobian(vector, x, { nbatches, jit, checkpoint });
        expect(result.J.shape).toEqual([2, 3]);
        expectClose(result.J.data, J, 1e-14);
        const rebuilt = result.unflatten(Float64Array.of(1, 2, 3));
        expect(rebuilt).toEqual({ a: Float64Array.of(1, 2), b: Float64Array.of(3) });
      }
    });

    test('hessian in batches equals the unbatched', async () => {
      for (const nbatches of [1, 2, 3]) {
        const result = await hessian(scalar, x, { nbatches, jit, checkpoint });
        expect(result.H.shape).toEqual([3, 3]);
        expectClose(result.H.data, H, 1e-14);
      }
    });
  });
});

describe('hessianToPytree', () => {
  const counting = new NdArray(
    [3, 3],
    Float64Array.from({ length: 9 }, (_, i) => i),
  );

  test('has the blocks of the flat matrix', () => {
    const tree = hessianToPytree(counting, x);
    expect(tree).toMatchObject({
      a: {
        a: { shape: [2, 2], data: Float64Array.of(0, 1, 3, 4) },
        b: { shape: [2, 1], data: Float64Array.of(2, 5) },
      },
      b: {
        a: { shape: [1, 2], data: Float64Array.of(6, 7) },
        b: { shape: [1, 1], data: Float64Array.of(8) },
      },
    });
  });

  test('takes a Matrix and a tensor alike', async () => {
    const result = await hessian(scalar, x);
    expect(hessianToPytree(result.H, x)).toMatchObject({ b: { b: { dtype: 'float64', data: Float64Array.of(18) } } });
    const tensor = tf.tensor2d(H, [3, 3]);
    expect(hessianToPytree(tensor, x)).toMatchObject({ b: { b: { dtype: 'float32', data: Float32Array.of(18) } } });
    tensor.dispose();
  });

  test('refuses a matrix of another size', () => {
    expect(() => hessianToPytree(new NdArray([2, 2], new Float64Array(4)), x)).toThrow(/^H has shape/);
    expect(() => hessianToPytree(new NdArray([3, 2], new Float64Array(6)), x)).toThrow(/^H has shape/);
  });

  const flattened = (tree: unknown): NdArray[] =>
    tree instanceof NdArray
      ? [tree]
      : Array.isArray(tree)
        ? tree.flatMap(flattened)
        : Object.keys(tree as object)
            .sort()
            .flatMap((key) => flattened((tree as Record<string, unknown>)[key]));

  test.each(trees.scenarios.filter((s) => s.blocks))('$name: shapes and values of zodiax', async (scenario) => {
    const point = scenario.x('float64');
    const { matrix } = await derivativeOf(scenario, 'float64');
    const blocks = flattened(hessianToPytree(matrix, point as never));
    expect(blocks.map((block) => block.shape)).toEqual(scenario.blocks?.map((block) => block.shape));
    expectClose(
      blocks.flatMap((block) => [...block.data]),
      scenario.blocks?.flatMap((block) => [...block.data]) ?? [],
      1e-12,
    );
  });
});
