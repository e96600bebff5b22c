/** FFT and IFFT along the last axis, of any length; of real sequences and of spectra of such at half the price. */

import { DiffopsError } from '../../errors.ts';
import { type Atom, isZero } from '../../ir/program.ts';
import type { Complex, ComplexFamily, ComplexRule, KernelContext } from '../kernel.ts';
import { asComplex, complex, scaled } from './complex-parts.ts';
import { dft, exchanged, realDft, realInverse } from './dft.ts';

/** The parts of a join along the last axis, if there are two: of h elements, and of the h − 2 that mirror the inner ones. */
const halves = ({ ops }: KernelContext, x: Atom): readonly Atom[] | undefined => {
  const maker = ops.maker(x);
  const last = x.aval.shape.length - 1;
  if (maker?.primitive !== 'concat' || maker.params.axis !== last || maker.inputs.length !== 2) return undefined;
  const [first, second] = maker.inputs.map((part) => part.aval.shape[last]);
  return second > 0 && second === first - 2 ? maker.inputs : undefined;
};

/** The first half of a spectrum to which f joined its conjugates, as tf.irfft does; else undefined. */
const withoutConjugates = (context: KernelContext, z: Complex): Complex | undefined => {
  const { ops } = context;
  const [reals, imags] = [halves(context, z.real), halves(context, z.imag)];
  if (!reals || !imags) return undefined;
  const last = z.real.aval.shape.length - 1;
  // Equations are shared: what is made alike is the same.
  const mirrored = (x: Atom): Atom => ops.reverse(ops.sliceAxis(x, last, 1, x.aval.shape[last] - 1), [last]);
  const [real, imag] = [reals[0], imags[0]];
  return mirrored(real) === reals[1] && ops.neg(mirrored(imag)) === imags[1] ? complex(real, imag) : undefined;
};

/**
 * The imaginary part of the inverse of such a spectrum, of n elements: all that isn't conjugate in it are the imaginary
 * parts of its first and middle element, which `realInverse` and tf.irfft drop.
 */
const imagOfInverse = ({ ops, capture, precision }: KernelContext, { imag }: Complex, n: number): Atom => {
  const { shape } = imag.aval;
  const last = shape.length - 1;
  const whole = [...shape.slice(0, last), n];
  const repeated = (at: number): Atom => ops.broadcastTo(ops.sliceAxis(imag, last, at, at + 1), whole);
  const alternating = Float32Array.from({ length: n }, (_, k) => (k % 2 ? -1 : 1));
  const data = precision === 'float64' ? Float64Array.from(alternating) : alternating;
  const signs = capture({ shape: [n], dtype: precision, data });
  const middle = ops.mul(repeated(shape[last] - 1), ops.broadcast(signs, whole, [last]));
  return ops.mul(ops.add(repeated(0), middle), 1 / n);
};

const fft = (context: KernelContext, z: Complex): Complex =>
  isZero(z.imag) ? realDft(context, z.real) : dft(context, z);

const ifft = (context: KernelContext, z: Complex): Complex => {
  const n = z.real.aval.shape.at(-1) as number;
  const half = withoutConjugates(context, z);
  const real = half && realInverse(context, half, n);
  if (half && real) return complex(real, imagOfInverse(context, half, n));
  return scaled(context, exchanged(dft(context, exchanged(z))), 1 / n);
};

/** tfjs transforms along the last axis, which a scalar hasn't. */
const alongLast =
  (kernel: 'FFT' | 'IFFT', transform: (context: KernelContext, z: Complex) => Complex): ComplexRule =>
  (context, { input }) => {
    const z = asComplex(context, input);
    if (z.real.aval.shape.length > 0) return transform(context, z);
    throw new DiffopsError(
      'FUNCTION',
      `${kernel} of a scalar: a transform is along the last axis, and a scalar has none. Use .reshape([1]) first.`,
      { kernel, shape: [] },
    );
  };

export const fourier = {
  FFT: alongLast('FFT', fft),
  IFFT: alongLast('IFFT', ifft),
} satisfies ComplexFamily;
