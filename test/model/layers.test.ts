/** Every type of layer: values as predict gives them, Hessians by differences of gradients, and a model left as it was. */

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { model } from '../../src/index.ts';
import { relativeError } from '../support/close.ts';
import { evaluated } from '../trace/recording.ts';
import { built, inputsOf, type ModelCase } from './case.ts';
import { cases } from './cases.ts';
import { arraysOf, bytesOf, expectHessian, lossOf, shapesOf } from './checks.ts';

vi.setConfig({ testTimeout: 60_000 });

const log = vi.spyOn(console, 'warn').mockImplementation(() => {});
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => log.mockRestore());

const check = async (given: ModelCase): Promise<void> => {
  const source = built(given);
  const inputs = inputsOf(given, source);
  const predicted = [source.predict(inputs)].flat();
  const weights = bytesOf(source.getWeights());
  const memory = { ...tf.memory() };

  const m = model(source);
  if (given.params) expect(shapesOf(m.params)).toEqual(given.params);
  const arrays = arraysOf(m.params);
  expect(arrays.length).toBe(new Set(source.trainableWeights).size);

  // Outside of f, it is the same kernels, so the same bits.
  tf.tidy(() => {
    const eager = [m.apply<tf.Tensor | tf.Tensor[]>(m.params, inputs)].flat();
    expect(bytesOf(eager)).toEqual(bytesOf(predicted));
  });
  const recorded = evaluated((p) => m.apply(p, inputs), m.params);
  const right = given.differs ? [] : predicted;
  for (const [k, y] of right.entries()) expect(relativeError(recorded[k], y.dataSync(), 1e-3)).toBeLessThan(1e-5);

  const loss = (p: object): tf.Tensor => lossOf(m.apply<tf.Tensor | tf.Tensor[]>(p, inputs));
  await expectHessian(loss, m.params);

  expect({ ...tf.memory() }).toEqual(memory);
  expect(bytesOf(source.getWeights())).toEqual(weights);
  expect(bytesOf([source.predict(inputs)].flat())).toEqual(bytesOf(predicted));
};

describe('in inference', () => {
  it.each(cases)('$name', check);
});
