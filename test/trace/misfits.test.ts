/** Operands that tfjs itself refuses: the error is f's, names the op and says what doesn't fit. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluated, refusal, type T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));

const MISFITS: [string, (x: T) => T, RegExp][] = [
  ['qr of a batch that isn’t square', (x) => tf.linalg.qr(tf.ones([2, 3, 2]).mul(x))[0], /tf\.qr.*square matrices/],
  ['fft of a scalar', (x) => tf.abs(tf.fft(tf.complex(x.sum(), x.sum()))), /^FFT of a scalar.*reshape/],
  ['ifft of a scalar', (x) => tf.abs(tf.ifft(tf.complex(x.sum(), x.sum()))), /^IFFT of a scalar.*reshape/],
  ['searchSorted in nothing', (x) => tf.searchSorted(tf.zeros([0]), x).toFloat(), /0 elements/],
  ['searchSorted of nothing', (x) => tf.searchSorted(x, tf.zeros([0])).toFloat(), /0 elements/],
];

describe('operands that do not fit', () => {
  it.each(MISFITS)('%s', (_name, f, message) => {
    const { code, message: said } = refusal(f);
    expect(code).toBe('FUNCTION');
    expect(said).toMatch(message);
    expect(said).not.toMatch(/defect/);
  });

  it('gather of no batch is nothing, which tfjs refuses', () => {
    const f = (x: T): T => tf.gather(tf.zeros([0, 2]).mul(x), tf.zeros([0, 3], 'int32'), 1, 1);
    expect(evaluated(f, new Float32Array([1, 2]))).toEqual([[]]);
  });
});
