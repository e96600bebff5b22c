/** Sums of max(p, q) and log(1 + e^−|p − q|): the kinks of both cancel, and the sum is smooth where p = q. */

import { isFloat } from '../../ir/aval.ts';
import type { PrimitiveName } from '../../ir/params.ts';
import { type Atom, isZero } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';

type Sign = 1 | -1;
type Join = 'add' | 'sub';

/** A term of a sum of few, and how to write the sum with another in its place. */
interface Term {
  readonly atom: Atom;
  readonly sign: Sign;
  readonly replaced: (by: Atom) => Atom;
}

/** The operands of the equation of this name that made x. */
const operandsOf = (ops: Ops, x: Atom | undefined, name: PrimitiveName): readonly Atom[] | undefined => {
  const maker = x && ops.maker(x);
  return maker?.primitive === name ? maker.inputs : undefined;
};

/** x itself, and the terms of the sum or difference that x is. */
const termsOf = (ops: Ops, x: Atom): Term[] => {
  const whole: Term = { atom: x, sign: 1, replaced: (by) => by };
  const maker = ops.maker(x);
  if (maker?.primitive !== 'add' && maker?.primitive !== 'sub') return [whole];
  const join: Join = maker.primitive;
  const [a, b] = maker.inputs;
  return [
    whole,
    { atom: a, sign: 1, replaced: (by) => ops.binary(join, by, b) },
    { atom: b, sign: join === 'add' ? 1 : -1, replaced: (by) => ops.binary(join, a, by) },
  ];
};

/** u, if x is log(1 + e^−|u|). */
const insideOf = (ops: Ops, x: Atom): Atom | undefined => {
  const exponential = operandsOf(ops, x, 'log1p')?.[0];
  const negative = operandsOf(ops, exponential, 'exp')?.[0];
  return operandsOf(ops, operandsOf(ops, negative, 'neg')?.[0], 'abs')?.[0];
};

/** |x| with the derivative −1 at 0, for where it meets another kink at 0 and the two make a smooth function. */
export const leftAbs = (ops: Ops, x: Atom): Atom => ops.select(ops.binary('gt', x, 0), x, ops.neg(x));

interface Extremum {
  readonly operands: readonly [Atom, Atom];
  /** 1 for a maximum, −1 for a minimum. */
  readonly sign: Sign;
}

/** What x is the greater or the lesser of; relu(p) is max(p, 0). */
const extremumOf = (ops: Ops, x: Atom): Extremum | undefined => {
  const maker = ops.maker(x);
  if (maker?.primitive === 'max' || maker?.primitive === 'min') {
    return { operands: [maker.inputs[0], maker.inputs[1]], sign: maker.primitive === 'max' ? 1 : -1 };
  }
  if (maker?.primitive !== 'select') return undefined;
  const [condition, zero, p] = maker.inputs;
  const compared = operandsOf(ops, condition, 'le');
  const isRelu = isZero(zero) && compared?.[0] === p && isZero(compared[1]);
  return isRelu ? { operands: [p, zero], sign: 1 } : undefined;
};

/** The extremum of p and q, deciding by the sign of u = ±(p − q) as `leftAbs` does; undefined if u isn't that. */
const decidedBy = (ops: Ops, u: Atom, { operands: [p, q], sign }: Extremum): Atom | undefined => {
  const positive = ops.binary('gt', u, 0);
  // Equations are shared: what is made alike is the same.
  const isDifference = ops.sub(p, q) === u;
  if (!isDifference && ops.sub(q, p) !== u) return undefined;
  return isDifference === (sign === 1) ? ops.select(positive, p, q) : ops.select(positive, q, p);
};

/** The sum written so that the kink of one term in `logs` cancels that of one in `others`. */
const withoutKinks = (
  ops: Ops,
  logs: readonly Term[],
  others: readonly Term[],
  logSign: Sign,
  join: (log: Atom, other: Atom) => Atom,
): Atom | undefined => {
  for (const log of logs) {
    const u = insideOf(ops, log.atom);
    if (!u) continue;
    for (const other of others) {
      const extremum = extremumOf(ops, other.atom);
      // max + log, −max − log, min − log and −min + log are smooth.
      if (!extremum || extremum.sign * other.sign !== log.sign * logSign) continue;
      const decided = decidedBy(ops, u, extremum);
      if (!decided) continue;
      const smooth = ops.unary('log1p', ops.unary('exp', ops.neg(leftAbs(ops, u))));
      return join(log.replaced(smooth), other.replaced(decided));
    }
  }
  return undefined;
};

/**
 * a ± b. Where it is relu(x) − x·z + log(1 + e^−|x|), as cross entropies are written, max(p, q) + log(1 + e^−|p − q|),
 * as logaddexp is, or min(x, 0) − log(1 + e^−|x|), both kinks are decided alike: the value is the same, and so are all
 * derivatives but those at the kink, which are those of the smooth function. Logits are exactly 0 wherever weights
 * begin at 0.
 */
export const joined = (ops: Ops, join: Join, a: Atom, b: Atom): Atom => {
  const plain = ops.binary(join, a, b);
  if (!isFloat(a.aval.dtype)) return plain;
  const [x, y] = [termsOf(ops, a), termsOf(ops, b)];
  const sign: Sign = join === 'add' ? 1 : -1;
  return (
    withoutKinks(ops, y, x, sign, (log, other) => ops.binary(join, other, log)) ??
    withoutKinks(ops, x, y, sign, (log, other) => ops.binary(join, log, other)) ??
    plain
  );
};
