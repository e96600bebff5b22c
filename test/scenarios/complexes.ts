/** Complex numbers and Fourier transforms; their twins are in test/fixtures/problems/complexes.py. */

import * as tf from '@tensorflow/tfjs';
import { family } from './scenario.ts';

type T = tf.Tensor;
type Tensors<Names extends string> = Record<Names, T>;

export const complexes = family('complexes');
const { hessian, jacobian } = complexes;

const field = (x: T, { modes, aperture }: Tensors<'modes' | 'aperture'>): T => {
  const [count, ...shape] = modes.shape;
  const phase = tf.dot(x, tf.reshape(modes, [count, -1])).reshape(shape);
  return tf.complex(tf.mul(aperture, tf.cos(phase)), tf.mul(aperture, tf.sin(phase)));
};

const fft2 = (z: T): T => tf.transpose(tf.fft(tf.transpose(tf.fft(z))));

const squaredAbs = (z: T): T => tf.square(tf.abs(z));

hessian<T, Tensors<'modes' | 'aperture' | 'weights'>>('psf-2d', (x, data) =>
  tf.sum(tf.mul(data.weights, squaredAbs(fft2(field(x, data))))),
);

hessian<Tensors<'coefficients' | 'flux'>, Tensors<'modes' | 'aperture' | 'counts'>>('phase-screen', (x, data) => {
  const image = squaredAbs(fft2(field(x.coefficients, data)));
  const rate = tf.add(tf.mul(x.flux, tf.div(image, 64)), 0.125);
  return tf.sum(tf.sub(rate, tf.mul(data.counts, tf.log(rate))));
});

hessian<T, Tensors<'modes' | 'aperture'>>('strehl', (x, data) => {
  const peak = squaredAbs(tf.slice(fft2(field(x, data)), [0, 0], [1, 1]));
  return tf.div(peak, tf.square(tf.sum(data.aperture))).asScalar();
});

hessian<T, Tensors<'modes' | 'aperture' | 'weights' | 'kernel'>>('propagation', (x, data) => {
  const turn = tf.exp(tf.complex(tf.zerosLike(data.kernel), data.kernel));
  const spectrum = tf.mul(tf.fft(field(x, data)), turn);
  return tf.sum(tf.mul(data.weights, tf.abs(tf.ifft(spectrum))));
});

hessian<T, Tensors<'weights'>>('power-spectrum', (x, data) =>
  tf.sum(tf.mul(data.weights, tf.log(tf.add(1, squaredAbs(tf.spectral.rfft(x)))))),
);

jacobian<Tensors<'re' | 'im'>>('inverse-real', (x) => tf.spectral.irfft(tf.exp(tf.complex(x.re, x.im))));

const ofReal = (x: T): T => tf.fft(tf.cast(x, 'complex64'));

hessian<Tensors<'signal' | 'kernel'>, Tensors<'target'>>('circular-convolution', (x, data) => {
  const product = tf.mul(ofReal(x.signal), ofReal(x.kernel));
  return tf.sum(tf.pow(tf.sub(tf.real(tf.ifft(product)), data.target), 4));
});

hessian<Tensors<'a' | 'b'>, Tensors<'weights'>>('complex-product', (x, data) => {
  const made = (leaf: T): T => {
    const [re, im] = tf.unstack(leaf);
    return tf.complex(re, im);
  };
  const product = tf.matMul(made(x.a), made(x.b));
  const weighted = tf.sum(tf.mul(data.weights, squaredAbs(product)));
  return tf.add(weighted, tf.sum(tf.pow(tf.imag(product), 3)));
});

hessian<Tensors<'re' | 'im'>, Tensors<'re' | 'im'>>('impedance', (x, data) => {
  const z = tf.complex(x.re, x.im);
  const w = tf.complex(data.re, data.im);
  const parallel = tf.reciprocal(tf.add(tf.reciprocal(z), tf.div(w, tf.add(z, 1))));
  const total = tf.sub(parallel, tf.exp(tf.neg(tf.mul(z, w))));
  return tf.sum(tf.addN([tf.square(tf.real(total)), tf.imag(total), tf.abs(total)]));
});

hessian<Tensors<'re' | 'im'>, Tensors<'exponent'>>('complex-powers', (x, data) => {
  const z = tf.complex(x.re, x.im);
  const total = tf.addN([tf.pow(z, 0.5), tf.pow(z, 3), tf.pow(z, data.exponent), tf.sinh(z), tf.log1p(z)]);
  return tf.sum(tf.mul(tf.real(total), tf.imag(total)));
});

hessian<T, Tensors<'slope'>>('abs-at-zero', (x, data) => {
  const [re, im] = tf.unstack(x);
  return tf.add(tf.abs(tf.complex(re, im)), tf.sum(tf.mul(x, data.slope)));
});

for (const n of [17, 30, 210, 1009]) {
  hessian<T>(`length-${n}`, (x) => {
    const t = tf.range(0, n, 1);
    const [a, b, c] = tf.unstack(x);
    const phase = tf.addN([tf.mul(a, tf.mod(t, 5)), tf.mul(b, tf.mod(t, 7)), tf.mul(tf.mul(c, a), tf.mod(t, 3))]);
    const spectrum = tf.fft(tf.exp(tf.complex(tf.zerosLike(phase), phase)));
    return tf.div(tf.sum(tf.mul(tf.sub(tf.mod(t, 4), 1), squaredAbs(spectrum))), n * n);
  });
}
