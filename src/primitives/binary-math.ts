/** rem, pow, max, min, atan2: the elementwise functions of two operands that are linear in neither. */

import type { Atom } from '../ir/program.ts';
import { binary, FLOAT, NUMBER, TRANSCENDENTAL } from './elementwise.ts';
import type { Ops } from './ops.ts';

export const rem = binary('rem', {
  operands: NUMBER,
  cost: 4,
  value: (x, y) => x % y,
  jvp: (ops, [x, y], [tx, ty]) => {
    if (!ty) return tx;
    // x − y·trunc(x/y)
    const quotient = ops.div(x, y);
    const whole = ops.mul(ops.unary('sign', quotient), ops.unary('floor', ops.unary('abs', quotient)));
    return ops.addMaybe(tx, ops.neg(ops.mul(ty, whole)));
  },
});

/**
 * y·x^(y−1). For an exponent that doesn't vary it is 0 at x = y = 0, as x⁰ is constant; elsewhere it keeps its
 * dependence on y, which may vary in a derivative of this one.
 */
const powSlopeInBase = (ops: Ops, x: Atom, y: Atom, exponentVaries: boolean): Atom => {
  if (y.kind === 'literal') return ops.mul(ops.binary('pow', x, y.value - 1), y.value);
  const origin = ops.binary('and', ops.binary('eq', x, 0), ops.binary('eq', y, 0));
  const base = exponentVaries ? x : ops.select(origin, 1, x);
  return ops.mul(y, ops.binary('pow', base, ops.sub(y, 1)));
};

/** x^y·log x, with log 1 for the logarithm at x = 0. */
const powSlopeInExponent = (ops: Ops, x: Atom, output: Atom): Atom =>
  ops.mul(output, ops.unary('log', ops.select(ops.binary('eq', x, 0), 1, x)));

export const pow = binary('pow', {
  operands: NUMBER,
  cost: 2 * TRANSCENDENTAL,
  // IEEE 754, unlike Math.pow: a base of 1 gives 1 whatever the exponent, and −1 to ±∞ does.
  value: (x, y) => (x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : x ** y),
  jvp: (ops, [x, y], [tx, ty], _params, output) =>
    ops.addMaybe(
      tx && ops.mul(tx, powSlopeInBase(ops, x, y, ty !== null)),
      ty && ops.mul(ty, powSlopeInExponent(ops, x, output)),
    ),
  fold: (ops, [x, y]) => {
    if (y.kind !== 'literal') return undefined;
    if (y.value === 0) return ops.full(x, 1);
    if (y.value === 1) return x;
    if (y.value === 2) return ops.mul(x, x);
    return y.value === -1 && x.aval.dtype !== 'int32' ? ops.div(1, x) : undefined;
  },
});

/** 1 where x wins, ½ at a tie, else 0. */
const shareOf = (ops: Ops, wins: 'gt' | 'lt', x: Atom, y: Atom): Atom =>
  ops.select(ops.binary(wins, x, y), ops.full(x, 1), ops.select(ops.binary('eq', x, y), ops.full(x, 0.5), 0));

export const max = binary('max', {
  operands: NUMBER,
  loop: (x, dx, y, dy, out) => {
    for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = Math.max(x[p], y[q]);
  },
  jvp: (ops, [x, y], [tx, ty]) =>
    ops.addMaybe(tx && ops.mul(tx, shareOf(ops, 'gt', x, y)), ty && ops.mul(ty, shareOf(ops, 'gt', y, x))),
  fold: (_ops, [x, y]) => (x === y ? x : undefined),
});

export const min = binary('min', {
  operands: NUMBER,
  loop: (x, dx, y, dy, out) => {
    for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = Math.min(x[p], y[q]);
  },
  jvp: (ops, [x, y], [tx, ty]) =>
    ops.addMaybe(tx && ops.mul(tx, shareOf(ops, 'lt', x, y)), ty && ops.mul(ty, shareOf(ops, 'lt', y, x))),
  fold: (_ops, [x, y]) => (x === y ? x : undefined),
});

/** The angle of the point (y, x), y first. */
export const atan2 = binary('atan2', {
  operands: FLOAT,
  cost: 2 * TRANSCENDENTAL,
  value: Math.atan2,
  jvp: (ops, [y, x], [ty, tx]) => {
    const square = ops.add(ops.mul(y, y), ops.mul(x, x));
    return ops.addMaybe(ty && ops.mul(ty, ops.div(x, square)), tx && ops.mul(tx, ops.div(ops.neg(y), square)));
  },
});
