/** Properties of every program: the cut, the threads and the engine don't change the result, and H is symmetric. */

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  createRuntime,
  float64,
  hessian,
  hessianBlocks,
  hvp,
  jacobian,
  jvp,
  NdArray,
  valueAndGrad,
  vjp,
} from '../src/index.ts';
import { relativeError as errorAbove } from './support/close.ts';
import { arrayOf, pointOf, type RandomFunction, randomFunctions, scalarOf } from './support/random-functions.ts';

// Many compilations per test: seconds on a quiet machine.
vi.setConfig({ testTimeout: 90_000 });

const N = 10;
/** Where the true derivative is zero (a sum of softmax), rounding is of the size of the values: about 1. */
const relativeError = (got: ArrayLike<number>, want: ArrayLike<number>) => errorAbove(got, want, 1);

const PRECISE = { precision: 'float64' } as const;
const settings = (numRuns: number) => ({ numRuns, seed: 20251124, endOnFailure: true });
type Options = Record<string, unknown>;

const hessianOf = async (random: RandomFunction, options: Options = {}) =>
  (await hessian(scalarOf(random), pointOf(random, 'float64'), { ...PRECISE, ...options })).H;
const jacobianOf = async (random: RandomFunction, options: Options = {}) =>
  (await jacobian(arrayOf(random), pointOf(random, 'float64'), { ...PRECISE, ...options })).J;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('random programs', () => {
  test('nbatches, ragged or not, changes the Hessian by rounding only', async () => {
    const run = async (random: RandomFunction, nbatches: number, checkpoint: boolean) => {
      const whole = await hessianOf(random, { nbatches: 1, symmetric: false });
      for (const options of [{ nbatches }, { nbatches, checkpoint }, { nbatches, symmetric: false }]) {
        expect(relativeError((await hessianOf(random, options)).data, whole.data)).toBeLessThan(1e-12);
      }
    };
    const cases = fc.asyncProperty(randomFunctions, fc.integer({ min: 1, max: N }), fc.boolean(), run);
    await fc.assert(cases, settings(12));
  });

  test('compiled and interpreted agree, in both precisions', async () => {
    const run = async (random: RandomFunction) => {
      const [compiled, interpreted] = [await hessianOf(random), await hessianOf(random, { jit: false })];
      expect(relativeError(compiled.data, interpreted.data)).toBeLessThan(1e-12);
      const single = await hessian(scalarOf(random), pointOf(random, 'float32'));
      expect(single.H.dtype).toBe('float32');
      expect(relativeError(single.H.data, interpreted.data)).toBeLessThan(1e-4);
    };
    await fc.assert(fc.asyncProperty(randomFunctions, run), settings(20));
  });

  test('H is symmetric: to the bit where mirrored, to rounding where computed whole', async () => {
    const run = async (random: RandomFunction) => {
      const [mirrored, whole] = [await hessianOf(random), await hessianOf(random, { symmetric: false })];
      const scale = Math.max(1, ...whole.data.map(Math.abs));
      for (let i = 0; i < N; i++) {
        for (let j = 0; j < i; j++) {
          expect(mirrored.get(i, j)).toBe(mirrored.get(j, i));
          expect(Math.abs(whole.get(i, j) - whole.get(j, i)) / scale).toBeLessThan(1e-12);
        }
      }
    };
    await fc.assert(fc.asyncProperty(randomFunctions, run), settings(15));
  });

  test('forward and reverse give one Jacobian', async () => {
    const run = async (random: RandomFunction, nbatches: number) => {
      const forward = await jacobianOf(random, { mode: 'forward', nbatches });
      const reverse = await jacobianOf(random, { mode: 'reverse', nbatches: Math.min(nbatches, 6) });
      expect(relativeError((reverse as never as NdArray).data, (forward as never as NdArray).data)).toBeLessThan(1e-12);
    };
    await fc.assert(fc.asyncProperty(randomFunctions, fc.integer({ min: 1, max: N }), run), settings(15));
  });

  test('H v is the Hessian-vector product', async () => {
    const run = async (random: RandomFunction, direction: readonly number[]) => {
      const v = {
        m: tf.tensor2d([...direction.slice(0, 6)], [3, 2]),
        v: Float64Array.from(direction.slice(6, 9)),
        s: 1,
      };
      const product = flat(await hvp(scalarOf(random), pointOf(random, 'float64'), v, PRECISE));
      const H = await hessianOf(random);
      const full = [...direction.slice(0, 9), 1];
      const order = [0, 1, 2, 3, 4, 5, 9, 6, 7, 8]; // keys sort as m, s, v
      const want = Array.from({ length: N }, (_, i) => order.reduce((sum, k, j) => sum + H.get(i, j) * full[k], 0));
      const scale = Math.max(1, ...H.data.map(Math.abs));
      for (let i = 0; i < N; i++) expect(Math.abs(product[i] - want[i]) / scale).toBeLessThan(1e-12);
    };
    const directions = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 9, maxLength: 9 });
    await fc.assert(fc.asyncProperty(randomFunctions, directions, run), settings(15));
  });

  test('the gradient and H are derivatives: central differences of value and gradient', async () => {
    const run = async (random: RandomFunction) => {
      const f = scalarOf(random);
      const { m, v, s } = random.point;
      const h = 2 ** -18;
      const at = (k: number, step: number) => {
        const moved = [...m, s, ...v]; // in flattening order
        moved[k] += step;
        const x = { m: float64(moved.slice(0, 6), [3, 2]), s: moved[6], v: Float64Array.from(moved.slice(7)) };
        return valueAndGrad(f, x, PRECISE);
      };
      const H = await hessianOf(random);
      const center = await at(0, 0);
      const gradient = flat(center.gradient);
      for (let k = 0; k < N; k++) {
        const [up, down] = [await at(k, h), await at(k, -h)];
        const slope = (flat(up.value)[0] - flat(down.value)[0]) / (2 * h);
        expect(errorAbove([gradient[k]], [slope], 1)).toBeLessThan(1e-7);
        const [high, low] = [flat(up.gradient), flat(down.gradient)];
        const column = high.map((g, i) => (g - low[i]) / (2 * h));
        expect(relativeError(H.row(k), column)).toBeLessThan(1e-7);
      }
    };
    await fc.assert(fc.asyncProperty(randomFunctions, run), settings(10));
  });

  test('⟨Jv, u⟩ = ⟨v, Jᵀu⟩', async () => {
    const run = async (random: RandomFunction, weights: readonly number[]) => {
      const x = pointOf(random, 'float64');
      const v = { m: tf.tensor2d([...weights.slice(0, 6)], [3, 2]), v: Float64Array.from(weights.slice(1, 4)), s: 2 };
      const u = new NdArray([3, 2], Float64Array.from(weights.slice(3, 9)));
      const { tangent } = await jvp(arrayOf(random), x, v, PRECISE);
      const { gradient } = await vjp(arrayOf(random), x, u, PRECISE);
      const [forward, backward] = [dot(flat(tangent), u.data), dot(flat(v), flat(gradient))];
      expect(Math.abs(forward - backward)).toBeLessThan(1e-11 * (1 + Math.abs(forward)));
    };
    const weights = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 9, maxLength: 9 });
    await fc.assert(fc.asyncProperty(randomFunctions, weights, run), settings(15));
  });

  test('streamed blocks are the columns of the matrix, each once', async () => {
    const run = async (random: RandomFunction, nbatches: number) => {
      const H = await hessianOf(random, { nbatches, symmetric: false });
      const seen = new Array<number>(N).fill(0);
      const blocks = hessianBlocks(scalarOf(random), pointOf(random, 'float64'), { ...PRECISE, nbatches });
      for await (const { rows, columns, data } of blocks) {
        expect(rows).toEqual([0, N]);
        const width = columns[1] - columns[0];
        expect(width).toBeLessThanOrEqual(Math.ceil(N / nbatches));
        for (let j = columns[0]; j < columns[1]; j++) {
          seen[j]++;
          for (let i = 0; i < N; i++) {
            const scale = Math.max(1, ...H.data.map(Math.abs));
            expect(Math.abs(data[i * width + j - columns[0]] - H.get(i, j)) / scale).toBeLessThan(1e-12);
          }
        }
      }
      expect(seen).toEqual(new Array(N).fill(1));
    };
    await fc.assert(fc.asyncProperty(randomFunctions, fc.integer({ min: 1, max: N }), run), settings(12));
  });
});

describe('threads', () => {
  const one = createRuntime({ workers: 1 });
  const two = createRuntime({ workers: 2 });
  afterAll(() => Promise.all([one.close(), two.close()]));

  test('one or two workers: the same bits', async () => {
    const run = async (random: RandomFunction, nbatches: number, jit: boolean) => {
      const options = { ...PRECISE, nbatches, jit };
      const [a, b] = await Promise.all(
        [one, two].map((runtime) => runtime.hessian(scalarOf(random), pointOf(random, 'float64'), options)),
      );
      expect(b.H.data).toEqual(a.H.data);
    };
    const cases = fc.asyncProperty(randomFunctions, fc.integer({ min: 1, max: N }), fc.boolean(), run);
    await fc.assert(cases, settings(12));
  });
});

test('flatten ∘ unflatten is the identity, whatever the tree', async () => {
  const leaf = fc.oneof(
    fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    fc
      .array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 1, maxLength: 4 })
      .map((v) => Float64Array.from(v)),
    fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 3 }).map((v) => Float32Array.from(v)),
    fc
      .array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 6, maxLength: 6 })
      .map((v) => new NdArray([2, 3], Float64Array.from(v))),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  const run = async (given: unknown) => {
    const x = [given, 1.5] as never;
    const total = (v: unknown): tf.Tensor =>
      v instanceof tf.Tensor
        ? tf.sum(tf.square(v))
        : tf.addN([tf.scalar(0), ...Object.values(v as object).map((child) => total(child))]);
    // By rows: what is added up over a column's entries loses the sign of a zero.
    const { J, unflatten } = await jacobian((v: never) => total(v), x, { ...PRECISE, mode: 'reverse' });
    // The gradient of Σ v² is 2 v: half of it is the flattened point.
    const half = (J as never as NdArray).data.map((v) => v / 2);
    expect(unflatten(half)).toEqual(asFloat64(x));
  };
  await fc.assert(fc.asyncProperty(tree, run), settings(40));
});

/** The tree that `unflatten` of a float64 vector gives: typed arrays become float64. */
const asFloat64 = (tree: unknown): unknown => {
  if (tree instanceof Float32Array) return Float64Array.from(tree);
  if (typeof tree !== 'object' || tree === null || tree instanceof NdArray || ArrayBuffer.isView(tree)) return tree;
  if (Array.isArray(tree)) return tree.map(asFloat64);
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, asFloat64(child)]));
};

/** The numbers of a tree in flattening order. */
const flat = (tree: unknown): number[] => {
  if (typeof tree === 'number') return [tree];
  if (tree instanceof tf.Tensor) return [...tree.dataSync()];
  if (tree instanceof NdArray) return [...tree.data];
  if (ArrayBuffer.isView(tree)) return [...(tree as Float64Array)];
  const entries = Object.entries(tree as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.flatMap(([, child]) => flat(child));
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from({ length: a.length }, (_, i) => a[i] * b[i]).reduce((sum, v) => sum + v, 0);
