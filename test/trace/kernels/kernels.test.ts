/** Every kernel's rule against tfjs' cpu backend: shape, dtype and numbers, in both precisions. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkProgram } from '../../../src/interpret/check.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { FloatDtype } from '../../../src/ir/aval.ts';
import { type Case, tensorOf } from './case.ts';
import { cases } from './cases/index.ts';
import { readValue, shadow } from './shadow.ts';

/** Fails on the first element further off than the tolerance relative to the largest. */
const expectClose = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...Array.from(expected, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(expected[i])) expect(actual[i]).toBeNaN();
    else if (!Number.isFinite(expected[i])) expect(actual[i]).toBe(expected[i]);
    else
      expect(Math.abs(actual[i] - expected[i]), `[${i}] ${actual[i]} for ${expected[i]}`).toBeLessThan(
        tolerance * scale,
      );
  }
};

const run = (given: Case, precision: FloatDtype): void => {
  const tensors = given.inputs.map(tensorOf);
  const { program, constants, result, reached, mismatches } = shadow(given.f, tensors, precision);
  expect(mismatches).toEqual([]);
  expect([...reached]).toContain(given.kernel);
  checkProgram(program);
  const [output] = evaluateProgram(program, [...tensors.map((t) => readValue(t, precision)), ...constants]);
  expect({ shape: output.shape, dtype: output.dtype }).toEqual({ shape: result.shape, dtype: result.dtype });
  if (!given.differs) expectClose(output.data, result.data, given.tolerance ?? 1e-5);
};

beforeAll(() => tf.setBackend('cpu'));

describe.each(['float32', 'float64'] as const)('in %s', (precision) => {
  it.each(cases)('$name', (given) => run(given, precision));
});
