/** Integers keep their digits, and quotients by 0 are what they are on tfjs' cpu backend; running sums of a scalar. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluated, type T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));

const ints = (...values: number[]): T => tf.tensor1d(values, 'int32');

/** What f makes of integers that aren't constants to it; through two floats, which hold 24 bits each. */
const of = (f: (x: T) => T, ...values: number[]): number[] => {
  const halves = (_x: T, [x]: T[]): T[] => {
    const y = f(x).toInt();
    return [tf.floorDiv(y, tf.scalar(4096, 'int32')).toFloat(), tf.mod(y, tf.scalar(4096, 'int32')).toFloat()];
  };
  const [high, low] = evaluated(halves, 1, { data: [ints(...values)] });
  return high.map((v, i) => 4096 * v + low[i]);
};

const CASES: [string, (x: T) => T, number[]][] = [
  ['reciprocal', tf.reciprocal, [0, 1, 2, -1]],
  ['pow −1', (x) => tf.pow(x, tf.scalar(-1, 'int32')), [0, 1, 2, -1]],
  ['pow −2', (x) => tf.pow(x, tf.scalar(-2, 'int32')), [0, 1, 2, -1]],
  ['pow 0', (x) => tf.pow(x, tf.scalar(0, 'int32')), [0, 1, 2, -1]],
  ['pow 2', (x) => tf.pow(x, tf.scalar(2, 'int32')), [4097, 70000, -5]],
  ['pow 3', (x) => tf.pow(x, tf.scalar(3, 'int32')), [257, -1001]],
  ['floorDiv by 0', (x) => tf.floorDiv(tf.tensor1d([1, -1, 0]), x.toFloat()), [0, 0, 0]],
  ['floorDiv', (x) => tf.floorDiv(tf.tensor1d([7, -7, 5]), x.toFloat()), [2, 2, 0]],
  ['clip', (x) => tf.clipByValue(x, -1.5, 1.5), [-3, -2, -1, 0, 1, 2, 3, 16777217]],
  ['clip between fractions above 0', (x) => tf.clipByValue(x, 1.5, 3.5), [-3, 0, 1, 2, 3, 4]],
  ['clip far out', (x) => tf.clipByValue(x, -2147483648, 20000001), [16777217, 20000003, -16777219]],
  ['clip at infinity', (x) => tf.clipByValue(x, -5, Number.POSITIVE_INFINITY), [16777217, -7]],
  [
    'tensorScatterUpdate',
    (x) => tf.tensorScatterUpdate(x, tf.tensor2d([[1]], [1, 1], 'int32'), ints(16777219)),
    [16777217, 2, 33554435],
  ],
  [
    'sparseToDense',
    (x) => tf.sparseToDense(tf.tensor1d([1, 3], 'int32'), x, [4], tf.scalar(16777217, 'int32')),
    [16777219, 33554435],
  ],
];

describe('integers', () => {
  it.each(CASES)('%s', (_name, f, values) => {
    const expected = [...f(ints(...values)).dataSync()];
    expect(of(f, ...values)).toEqual(expected);
  });

  it('a bool tensor that is updated stays one', () => {
    const f = (x: T): T =>
      tf.tensorScatterUpdate(x.toBool(), tf.tensor2d([[1]], [1, 1], 'int32'), tf.tensor1d([1], 'bool'));
    expect(of(f, 1, 0, 0)).toEqual([1, 1, 0]);
  });
});

/** tfjs' cpu backend gives 0 and 1, whatever the scalar is. */
describe('of a scalar', () => {
  it.each([false, true])('running sums and products, reverse %s', (reverse) => {
    expect(evaluated((x: T) => tf.cumsum(x, 0, false, reverse), 3)[0]).toEqual([3]);
    expect(evaluated((x: T) => tf.cumsum(x, 0, true, reverse), 3)[0]).toEqual([0]);
    expect(evaluated((x: T) => tf.cumprod(x, 0, false, reverse), 3)[0]).toEqual([3]);
    expect(evaluated((x: T) => tf.cumprod(x, 0, true, reverse), 3)[0]).toEqual([1]);
  });
});
