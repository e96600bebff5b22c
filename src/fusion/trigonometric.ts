/**
 * sin and cos as operations that vectors have. Errors measured against mpmath (test/compile/special.test.ts), in ulp: 3
 * in float64 and 2 in float32. Beyond |x| = 2^27 JavaScript's own take over, a number at a time.
 */

import { polynomial } from './polynomial.ts';
import type { V, Writer } from './writer.ts';

/** π in four parts, the first three of 26 bits, so that their products with a number of 27 bits are exact. */
const PI_PARTS = [3.1415926218032837, 3.1786509424591713e-8, 1.2246467864107189e-16, 1.27366343270219e-24];

/** (sin(r) / r − 1) / r² in r², for |r| ≤ π/2: Chebyshev interpolations. */
const SINE = {
  float32: [
    -0.16666666663867363, 0.008333332766508383, -0.00019841086016215184, 2.7536422355454945e-6, -2.4079236990903226e-8,
  ],
  float64: [
    -0.16666666666666666, 0.008333333333333316, -0.00019841269841254885, 2.7557319219139183e-6, -2.505210761393476e-8,
    1.6058977114074673e-10, -7.643963965925357e-13, 2.731365867494017e-15,
  ],
};

/**
 * x less its half turns, with their sign: sin of it is sin x, or cos x if a quarter turn is to be left out, too
 * (W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", 1980).
 */
const turned = (w: Writer, x: V, isCosine: boolean): V => {
  if (w.dtype === 'float32') return w.op(isCosine ? 'turned_quarter' : 'turned', x);
  const half = w.constant(0.5);
  const turns = w.op('mul', x, w.constant(1 / Math.PI));
  const q = w.op('round', isCosine ? w.op('sub', turns, half) : turns);
  const count = isCosine ? w.op('add', q, half) : q;
  let left = x;
  for (const part of PI_PARTS) left = w.op('sub', left, w.op('mul', count, w.constant(part)));
  const halved = w.op('mul', q, half);
  const odd = w.op('sub', halved, w.op('floor', halved));
  const sign = w.op('add', w.op('mul', odd, w.constant(isCosine ? 4 : -4)), w.constant(isCosine ? -1 : 1));
  return w.op('mul', left, sign);
};

const sine = (w: Writer, r: V): V => {
  const z = w.op('mul', r, r);
  return w.op('add', r, w.op('mul', w.op('mul', r, z), polynomial(w, z, SINE[w.dtype])));
};

/** Of −0, too, it is the argument. */
export const sin = (w: Writer, x: V): V => {
  const near = w.op('select', w.test('eq', x, w.constant(0)), x, sine(w, turned(w, x, false)));
  return w.op('far_sin', x, near);
};

export const cos = (w: Writer, x: V): V => w.op('far_cos', x, sine(w, turned(w, x, true)));
