/** checkFinite names a column that isn't finite, and there is one wherever the true derivative isn't. */

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { DiffopsError } from '../src/errors.ts';
import { hessian, hessianBlocks, jacobian } from '../src/index.ts';
import { pointOf, type RandomFunction, randomFunctions, scalarOf } from './support/random-functions.ts';

const N = 10;
/** Keys sort as m, s, v. */
const FIRST_OF_V = 7;

type Point = Parameters<ReturnType<typeof scalarOf>>[0];

beforeAll(() => tf.setBackend('cpu'));

/** Terms whose curvature at 0 is infinite, and whether their slope is. */
const TERMS: [string, boolean, (v: tf.Tensor) => tf.Tensor][] = [
  ['sqrt', true, (v) => tf.sqrt(v)],
  ['log', true, (v) => tf.log(v)],
  ['a reciprocal', true, (v) => tf.reciprocal(v)],
  ['a power', false, (v) => tf.pow(v, 1.5)],
  ['exp, overflowing', true, (v) => tf.exp(tf.add(tf.mul(v, 30), 800))],
];

/** A random function plus a term of v[k]. */
const spoiled = (random: RandomFunction, k: number, term: (v: tf.Tensor) => tf.Tensor) => (x: Point) =>
  tf.add(scalarOf(random)(x), tf.sum(term(tf.slice(x.v, [k], [1]))));

const refusalOf = async (run: () => Promise<unknown>): Promise<DiffopsError> => {
  try {
    await run();
  } catch (error) {
    if (error instanceof DiffopsError) return error;
    throw error;
  }
  throw new Error('the matrix was given out');
};

const isFiniteColumn = (data: ArrayLike<number>, column: number): boolean => {
  for (let i = column; i < data.length; i += N) if (!Number.isFinite(data[i])) return false;
  return true;
};

const firstNonFinite = (data: ArrayLike<number>): number =>
  Array.from({ length: N }, (_, j) => j).findIndex((j) => !isFiniteColumn(data, j));

describe.each(TERMS)('%s', (_, steep, term) => {
  test('is refused, and the first column that is not finite is named', async () => {
    const run = async (random: RandomFunction, k: number, nbatches: number, flags: readonly boolean[]) => {
      const v = random.point.v.map((value, i) => (i === k ? 0 : value));
      const point = pointOf({ ...random, point: { ...random.point, v } }, 'float64');
      const f = spoiled(random, k, term);
      const [jit, symmetric, checkpoint] = flags;
      const options = { precision: 'float64', nbatches, jit, checkpoint } as const;
      const { H } = await hessian(f as never, point, { ...options, symmetric, checkFinite: false });
      expect(Number.isFinite(H.get(FIRST_OF_V + k, FIRST_OF_V + k))).toBe(false);
      const error = await refusalOf(() => hessian(f as never, point, { ...options, symmetric }));
      expect(error.code).toBe('NON_FINITE');
      expect(error.fields.column).toBe(firstNonFinite(H.data));
      const blocks = await refusalOf(async () => {
        for await (const block of hessianBlocks(f as never, point, options)) expect(block.data.length % N).toBe(0);
      });
      expect(blocks.code).toBe('NON_FINITE');
      if (!steep) return;
      const reverse = await refusalOf(() => jacobian(f as never, point, { ...options, nbatches: 1, mode: 'reverse' }));
      expect(reverse.fields.column).toBe(FIRST_OF_V + k);
    };
    const flags = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean());
    const cases = fc.asyncProperty(randomFunctions, fc.nat(2), fc.integer({ min: 1, max: N }), flags, run);
    await fc.assert(cases, { numRuns: 8, seed: 13, endOnFailure: true });
  }, 60_000);
});
