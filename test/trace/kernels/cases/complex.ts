/** Cases of complex kernels that tfjs computes eagerly; test/trace/complex.test.ts has those that it can't. */

import * as tf from '@tensorflow/tfjs';
import { type Case, floats, type Input } from '../case.ts';

type Z = (z: tf.Tensor, w: tf.Tensor) => tf.Tensor;

/** Both parts, so that neither is forgotten. */
const parts = (z: tf.Tensor): tf.Tensor => tf.stack([tf.real(z), tf.imag(z)]);

/** f of one or two complex tensors; each is made of two real operands. */
const complex = (kernel: string, name: string, inputs: Input[], f: Z): Case => ({
  kernel,
  name: `${kernel}: complex, ${name}`,
  inputs,
  f: (a, b, c, d) => {
    const result = f(tf.complex(a, b), c && d ? tf.complex(c, d) : a);
    return result.dtype === 'complex64' ? parts(result) : result;
  },
});

const pair = (...shape: number[]): Input[] => [floats(shape, 3), floats(shape, 4)];
const other = (...shape: number[]): Input[] => [floats(shape, 5), floats(shape, 6)];

const constant = tf.tidy(() => tf.keep(tf.complex([0.5, -1.25, 2], [1.5, 0.75, -0.25])));

export const complexCases: Case[] = [
  complex('Complex', 'made and parted', pair(2, 3), (z) => z),
  complex('Real', 'alone', pair(3), (z) => tf.real(z).square()),
  complex('Imag', 'alone', pair(3), (z) => tf.imag(z).square()),
  complex('ComplexAbs', 'away from 0', pair(2, 3), (z) => tf.abs(z)),
  complex('Add', 'two', [...pair(2, 3), ...other(2, 3)], (z, w) => z.add(w)),
  complex('Add', 'and a constant', pair(3), (z) => z.add(constant)),
  complex('Sub', 'and a real one', pair(2, 3), (z, re) => z.sub(re)),
  complex('Sub', 'from a real one', pair(2, 3), (z, re) => tf.sub(re, z)),
  complex('Multiply', 'two', [...pair(2, 3), ...other(2, 3)], (z, w) => z.mul(w)),
  complex('Multiply', 'with itself', pair(4), (z) => z.mul(z)),
  complex('Multiply', 'with a constant', pair(3), (z) => constant.mul(z)),
  complex('Multiply', 'with a real one', pair(2, 3), (z, re) => re.mul(z)),
  complex('Cast', 'from real', pair(3), (_z, re) => re.cast('complex64')),
  complex('Cast', 'to real', pair(3), (z) => z.cast('float32')),
  complex('Cast', 'to itself', pair(3), (z) => z.cast('complex64')),
  complex('Identity', 'a copy', pair(3), (z) => z.clone()),
  complex('Reshape', 'to a matrix', pair(6), (z) => z.reshape([2, 3])),
  complex('ExpandDims', 'in front', pair(3), (z) => z.expandDims(0)),
  complex('Transpose', 'a matrix', pair(2, 3), (z) => z.transpose()),
  complex('Transpose', 'with the conjugate', pair(2, 3), (z) => tf.transpose(z, [1, 0], true)),
  complex('Concat', 'two', [...pair(2, 3), ...other(2, 2)], (z, w) => tf.concat([z, w], 1)),
  complex('ZerosLike', 'and itself', pair(3), (z) => z.add(tf.zerosLike(z))),
  complex('OnesLike', 'and itself', pair(3), (z) => z.mul(tf.onesLike(z))),
  ...[1, 2, 3, 4, 5, 8].map((n) => complex('FFT', `length ${n}`, pair(2, n), (z) => tf.fft(z))),
  ...[1, 2, 3, 4, 5, 8].map((n) => complex('IFFT', `length ${n}`, pair(2, n), (z) => tf.ifft(z))),
  complex('FFT', 'of rank 2, there and back', pair(3, 4), (z) => tf.ifft(tf.fft(z).mul(tf.fft(z)))),
  ...[2, 3, 6, 7].map(
    (n): Case => ({
      kernel: 'FFT',
      name: `FFT: of a real sequence of length ${n}`,
      inputs: [floats([2, n])],
      f: (x) => parts(tf.spectral.rfft(x)),
    }),
  ),
  {
    kernel: 'FFT',
    name: 'FFT: rfft, longer and shorter than the sequence',
    inputs: [floats([2, 6])],
    f: (x) => tf.concat([parts(tf.spectral.rfft(x, 9)), parts(tf.spectral.rfft(x, 4))], -1),
  },
  {
    kernel: 'FFT',
    name: 'FFT: of framed windows (stft)',
    inputs: [floats([20])],
    f: (x) => parts(tf.signal.stft(x as tf.Tensor1D, 8, 4)),
  },
  ...[1, 2, 3, 5, 6].map((n) =>
    complex('IFFT', `of a half spectrum of ${n} (irfft)`, pair(2, n), (z) => tf.spectral.irfft(z)),
  ),
  complex('IFFT', 'irfft of rank 3', pair(2, 2, 3), (z) => tf.spectral.irfft(z)),
];
