/** Leaves, outputs and sums without elements are no obstacle anywhere. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { hessian, jacobian } from '../../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

test('an empty leaf beside a wide one', async () => {
  const { H } = await hessian((x) => x[0].square().sum().add(x[1].sum()), [tf.linspace(0, 1, 600), tf.zeros([0])]);
  expect(H.shape).toEqual([600, 600]);
  expect(H.get(7, 7)).toBe(2);
  expect(H.get(7, 8)).toBe(0);
});

test('empty leaves in front of and between others', async () => {
  const x = [tf.zeros([0]), tf.zeros([0]), Float64Array.of(1, 2)];
  const f = (v: tf.Tensor[]) => v[0].sum().mul(v[2].square().sum()).add(v[2].pow(3).sum()).add(v[1].sum());
  const { H } = await hessian(f as never, x);
  expect(H.toArray()).toEqual([
    [6, 0],
    [0, 12],
  ]);
});

test.each(['forward', 'reverse'] as const)('an output without elements, %s', async (mode) => {
  const { J } = await jacobian((x) => x.slice(0, 0), tf.ones([2]) as tf.Tensor1D, { mode });
  expect(J.shape).toEqual([0, 2]);
});

test.each(['forward', 'reverse'] as const)('a sum over nothing, %s', async (mode) => {
  const { J } = await jacobian((x) => x.b.add(x.a.sum()), { a: tf.zeros([0]), b: tf.ones([2]) }, { mode });
  expect(J.toArray()).toEqual([
    [1, 0],
    [0, 1],
  ]);
});
