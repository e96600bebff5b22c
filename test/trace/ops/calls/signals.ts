/** Calls of functions of complex tensors and of signals. */

import * as tf from '@tensorflow/tfjs';
import { floats } from '../../kernels/case.ts';
import { type Calls, call } from '../call.ts';

const re = floats([2, 5]);
const im = floats([2, 5], 2);
const squared = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.mul(tf.complex(a, b), tf.complex(a, b));
const parts = (z: tf.Tensor): tf.Tensor[] => [tf.real(z), tf.imag(z)];

export const signals: Calls = {
  complex: [call([re, im], (a, b) => parts(tf.mul(tf.complex(a, b), tf.complex(b, a))))],
  real: [call([re, im], (a, b) => tf.real(squared(a, b)))],
  imag: [call([re, im], (a, b) => tf.imag(squared(a, b)))],
  fft: [call([re, im], (a, b) => parts(tf.fft(tf.complex(a, b))))],
  ifft: [call([re, im], (a, b) => parts(tf.ifft(tf.complex(a, b))))],
  rfft: [call([re], (a) => parts(tf.rfft(a)))],
  irfft: [call([re, im], (a, b) => tf.irfft(tf.complex(a, b)))],
  'signal.frame': [call([floats([11])], (t) => tf.signal.frame(t, 4, 3, true, 0.5))],
  'signal.hammingWindow': [call([floats([5])], (t) => tf.mul(t, tf.signal.hammingWindow(5)))],
  'signal.hannWindow': [call([floats([5])], (t) => tf.mul(t, tf.signal.hannWindow(5)))],
  'signal.stft': [call([floats([16])], (t) => parts(tf.signal.stft(t, 8, 4)))],
};
