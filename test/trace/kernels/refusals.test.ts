/** What rules refuse while recording, with the value, the limit and the remedy in the message. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DiffopsError } from '../../../src/errors.ts';
import { refusedKernels } from '../../../src/trace/kernels/index.ts';
import { bools, floats, type Input, ints, tensorOf } from './case.ts';
import { shadow } from './shadow.ts';

const caught = (f: (...t: tf.Tensor[]) => tf.Tensor, ...inputs: Input[]): DiffopsError => {
  try {
    shadow(f, inputs.map(tensorOf), 'float32');
  } catch (error) {
    if (error instanceof DiffopsError) return error;
    throw error;
  }
  throw new DiffopsError('INTERNAL', 'nothing was refused');
};

beforeAll(() => tf.setBackend('cpu'));

describe('rules refuse', () => {
  const mask = bools([2], [1, 0]);

  it.each([
    ['Add', (x: tf.Tensor) => tf.add(x, x)],
    ['Sub', (x: tf.Tensor) => tf.sub(x, x)],
    ['Mod', (x: tf.Tensor) => tf.mod(x, x)],
    ['FloorDiv', (x: tf.Tensor) => tf.floorDiv(x, x)],
    ['AddN', (x: tf.Tensor) => tf.addN([x, x])],
    ['Sign', (x: tf.Tensor) => tf.sign(x)],
  ])('%s of bool', (kernel, f) => {
    const error = caught(f, mask);
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.fields).toMatchObject({ kernel });
    expect(error.message).toMatch(/\.cast\('(int|float)32'\)/);
  });

  it('constant places that are written twice', () => {
    const f = (x: tf.Tensor): tf.Tensor =>
      tf.tensorScatterUpdate(x, tf.tensor2d([1, 1], [2, 1], 'int32'), x.slice(0, 2));
    const error = caught(f, floats([3]));
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toContain('[1] twice');
  });

  it('segment ids that depend on values, and say how many there are', () => {
    const at = tf.tensor1d([0, 1], 'int32');
    const f = (ids: tf.Tensor): tf.Tensor => tf.sparse.sparseSegmentMean(tf.ones([2, 2]), at, ids as tf.Tensor1D);
    const error = caught(f, ints([2], [0, 1]));
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toMatch(/segment ids that depend on x or data.*unsortedSegmentSum/);
  });
});

it('every refusal is a reason and a remedy, in sentences', () => {
  for (const [kernel, { reason, remedy }] of Object.entries(refusedKernels)) {
    expect(reason, kernel).toMatch(/\.$/);
    expect(remedy, kernel).toMatch(/^[A-Z].*\.$/);
  }
});
