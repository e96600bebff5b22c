/** Each scenario is the same function as its twin in Python: eager tfjs gives the fixture's value. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { evaluated } from '../trace/recording.ts';
import { families, scenarios } from './index.ts';
import type { Tree } from './scenario.ts';

const tensors = (tree: Tree): unknown => {
  if (tree instanceof tf.Tensor) return tree;
  if (typeof tree === 'number') return tf.scalar(tree);
  if (Array.isArray(tree)) return tree.map(tensors);
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, tensors(child)]));
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test.each(Object.entries(families))('every problem of %s has a scenario', (_, family) => {
  expect(family.missing()).toEqual([]);
});

/**
 * What tfjs itself gets wrong: in gradients of gradients it loses the paths through results that it saved, and on its
 * cpu backend tensorScatterUpdate writes into its operand.
 */
const WRONG_IN_TFJS = ['nested-gradient', 'scatter-update'];

/** Undefined where the cpu backend can't compute with complex tensors: the recorded function's value must do. */
const eagerly = (f: () => tf.Tensor): tf.Tensor | undefined => {
  try {
    return f();
  } catch (error) {
    if (/does not support complex64/.test(String(error))) return undefined;
    throw error;
  }
};

describe('eager value', () => {
  test.each(scenarios.filter(({ name }) => !WRONG_IN_TFJS.includes(name)))('$name', (scenario) => {
    const data = scenario.data('float32');
    const y = eagerly(() => scenario.f(tensors(scenario.x('float32')) as never, (data && tensors(data)) as never));
    if (y) expect(y.shape).toEqual(scenario.value.shape);
    const scale = Math.max(...scenario.value.data.map(Math.abs));
    const got = y ? y.dataSync() : evaluated(scenario.f, scenario.x('float32'), data ? { data } : {})[0];
    scenario.value.data.forEach((want, i) => {
      expect(Math.abs(got[i] - want)).toBeLessThanOrEqual(1e-5 * scale);
    });
  });
});
