/**
 * exp, log, tanh and what is made of them, as operations that vectors have. Errors measured against mpmath
 * (test/compile/special.test.ts), in ulp, float64 and float32: exp 2 and 2, log 2 and 2, tanh 4 and 4, expm1 3 and 3,
 * log1p 3 and 3, logistic 3 and 3, softplus 3 and 3, erf 2 and 2. A vector and a single number take the same steps.
 */

import type { FloatDtype } from '../ir/aval.ts';
import { ERF_FAR, ERF_NEAR, ERF_SATURATED } from '../primitives/erf-coefficients.ts';
import { polynomial } from './polynomial.ts';
import { cos, sin } from './trigonometric.ts';
import type { V, Writer } from './writer.ts';

interface Precision {
  /** ln 2 in two parts; products of the first with exponents are exact. */
  readonly ln2: readonly [number, number];
  /** (e^r − 1 − r) / r² for |r| ≤ ln 2 / 2, and (2 artanh(s) / s − 2) / z, z = s², for s up to (√2 − 1)/(√2 + 1): Chebyshev interpolations. */
  readonly exp: readonly number[];
  readonly log: readonly number[];
  /** Beyond these, e^x is 0 or infinite; beyond the last, tanh is ±1. */
  readonly least: number;
  readonly most: number;
  readonly flat: number;
  /** Numbers below have no exponent of their own: they are scaled up by a power of two first. */
  readonly smallest: number;
  readonly scale: number;
}

const PRECISIONS: Readonly<Record<FloatDtype, Precision>> = {
  float32: {
    ln2: [0.693145751953125, 1.4286068203094173e-6],
    exp: [0.5, 0.16666576989698775, 0.041666554617204574, 0.008363179052722578, 0.0013926183587713494],
    log: [0.6666666655445165, 0.40000121876972, 0.2855081659971155, 0.23330581938241893],
    least: -110,
    most: 90,
    flat: 10,
    smallest: 2 ** -126,
    scale: 24,
  },
  float64: {
    ln2: [0.6931471803691238, 1.9082149292705877e-10],
    exp: [
      0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326136, 0.0013888888888883748, 0.00019841269874820627,
      2.4801587325547743e-5, 2.7557255400206422e-6, 2.75572736431103e-7, 2.5105217004720745e-8, 2.0914686968086876e-9,
    ],
    log: [
      0.6666666666666666, 0.4000000000000088, 0.2857142857080323, 0.2222222239180047, 0.18181795630884753,
      0.15386240205813478, 0.13268759668560612, 0.13086767009948175,
    ],
    least: -760,
    most: 720,
    flat: 20,
    smallest: 2 ** -1022,
    scale: 54,
  },
};

/** n and e^r − 1 with x = n ln 2 + r, |r| ≤ ln 2 / 2. */
const reduced = (w: Writer, x: V): { readonly n: V; readonly rest: V } => {
  const { ln2, exp } = PRECISIONS[w.dtype];
  const n = w.op('round', w.op('mul', x, w.constant(Math.LOG2E)));
  const high = w.op('sub', x, w.op('mul', n, w.constant(ln2[0])));
  const r = w.op('sub', high, w.op('mul', n, w.constant(ln2[1])));
  const rest = w.op('add', r, w.op('mul', w.op('mul', r, r), polynomial(w, r, exp)));
  return { n, rest };
};

/** A number times 2^n, in two steps: a power of two for itself would leave the range of exponents. */
const scaled = (w: Writer, value: V, n: V): V => {
  const half = w.op('floor', w.op('mul', n, w.constant(0.5)));
  return w.op('mul', w.op('mul', value, w.op('pow2', half)), w.op('pow2', w.op('sub', n, half)));
};

const clamped = (w: Writer, x: V): V => {
  const { least, most } = PRECISIONS[w.dtype];
  return w.op('at_most', w.op('at_least', x, w.constant(least)), w.constant(most));
};

const exp = (w: Writer, x: V): V => {
  const { n, rest } = reduced(w, clamped(w, x));
  return scaled(w, w.op('add', rest, w.constant(1)), n);
};

/** 2^n (e^r − 1) + (2^n − 1); far out e^x − 1 is e^x or −1. */
const expm1 = (w: Writer, x: V): V => {
  const { n, rest } = reduced(w, clamped(w, x));
  const bounded = w.op('at_most', w.op('at_least', n, w.constant(-60)), w.constant(60));
  const power = w.op('pow2', bounded);
  const near = w.op('add', w.op('mul', rest, power), w.op('sub', power, w.constant(1)));
  const far = w.op('sub', scaled(w, w.op('add', rest, w.constant(1)), n), w.constant(1));
  const value = w.op('select', w.test('eq', n, bounded), near, far);
  return w.op('select', w.test('eq', x, w.constant(0)), x, value);
};

/** From here on tanh is 1 − 2 / (e^2x + 1) without loss; below, the quotient keeps what is small. */
const tanh = (w: Writer, x: V): V => {
  const size = w.op('at_most', w.op('abs', x), w.constant(PRECISIONS[w.dtype].flat));
  const { n, rest } = reduced(w, w.op('add', size, size));
  const power = w.op('pow2', n);
  const grown = w.op('add', w.op('mul', rest, power), w.op('sub', power, w.constant(1)));
  const value = w.op('div', grown, w.op('add', grown, w.constant(2)));
  const signed = w.op('select', w.test('lt', x, w.constant(0)), w.op('neg', value), value);
  return w.op('select', w.test('eq', x, w.constant(0)), x, signed);
};

/** log of a positive finite number plus a correction that is small beside it. */
const logOfPositive = (w: Writer, x: V, correction: V | undefined): V => {
  const { ln2, log, smallest, scale } = PRECISIONS[w.dtype];
  const isSmall = w.test('lt', x, w.constant(smallest));
  const raised = w.op('select', isSmall, w.op('mul', x, w.constant(2 ** scale)), x);
  const lowered = w.op('select', isSmall, w.constant(scale), w.constant(0));
  const significand = w.op('significand', raised);
  const isLarge = w.test('gt', significand, w.constant(Math.SQRT2));
  const m = w.op('select', isLarge, w.op('mul', significand, w.constant(0.5)), significand);
  const carried = w.op('select', isLarge, w.constant(1), w.constant(0));
  const e = w.op('add', w.op('sub', w.op('exponent', raised), lowered), carried);
  const f = w.op('sub', m, w.constant(1));
  const s = w.op('div', f, w.op('add', f, w.constant(2)));
  const z = w.op('mul', s, s);
  // log(1 + f) = f − (f²/2 − s (f²/2 + z P(z))), as 2 s = f − s f.
  const half = w.op('mul', w.op('mul', f, f), w.constant(0.5));
  const series = w.op('mul', z, polynomial(w, z, log));
  let small = w.op('add', w.op('mul', s, w.op('add', half, series)), w.op('mul', e, w.constant(ln2[1])));
  if (correction !== undefined) small = w.op('add', small, correction);
  const rest = w.op('sub', w.op('sub', half, small), f);
  return w.op('sub', w.op('mul', e, w.constant(ln2[0])), rest);
};

/** `value` for positive finite x, and what a logarithm is elsewhere. */
const whereLogIs = (w: Writer, x: V, value: V): V => {
  const infinite = w.constant(Number.POSITIVE_INFINITY);
  const beyond = w.op('select', w.test('lt', x, infinite), value, x);
  const isZero = w.test('eq', x, w.constant(0));
  const below = w.op('select', isZero, w.constant(Number.NEGATIVE_INFINITY), w.constant(Number.NaN));
  return w.op('select', w.test('gt', x, w.constant(0)), beyond, below);
};

const log = (w: Writer, x: V): V => whereLogIs(w, x, logOfPositive(w, x, undefined));

/** log u with u the rounded 1 + x, plus what rounding lost of u, to first order. */
const log1p = (w: Writer, x: V): V => {
  const u = w.op('add', x, w.constant(1));
  const lost = w.op('sub', x, w.op('sub', u, w.constant(1)));
  const value = whereLogIs(w, u, logOfPositive(w, u, w.op('div', lost, u)));
  return w.op('select', w.test('eq', u, w.constant(1)), x, value);
};

/** 1 / (1 + e^−|x|) or 1 less that, which is e^−|x| times it. */
const logistic = (w: Writer, x: V): V => {
  const decay = exp(w, w.op('neg', w.op('abs', x)));
  const one = w.constant(1);
  const numerator = w.op('select', w.test('lt', x, w.constant(0)), decay, one);
  return w.op('div', numerator, w.op('add', decay, one));
};

const softplus = (w: Writer, x: V): V => {
  const decay = exp(w, w.op('neg', w.op('abs', x)));
  return w.op('add', w.op('at_least', x, w.constant(0)), log1p(w, decay));
};

const erf = (w: Writer, x: V): V => {
  const size = w.op('at_most', w.op('abs', x), w.constant(ERF_SATURATED));
  const square = w.op('mul', size, size);
  const near = w.op('mul', size, polynomial(w, square, ERF_NEAR));
  const two = w.constant(2);
  const place = w.op('div', w.op('sub', size, two), w.op('add', size, two));
  const tail = w.op('mul', exp(w, w.op('neg', square)), polynomial(w, place, ERF_FAR));
  const one = w.constant(1);
  const value = w.op('select', w.test('lt', size, one), near, w.op('sub', one, tail));
  const signed = w.op('select', w.test('lt', x, w.constant(0)), w.op('neg', value), value);
  return w.op('select', w.test('eq', x, w.constant(0)), x, signed);
};

export const FUNCTIONS: Readonly<Record<string, (w: Writer, x: V) => V>> = {
  exp,
  expm1,
  log,
  log1p,
  tanh,
  logistic,
  softplus,
  sin,
  cos,
  erf,
};
