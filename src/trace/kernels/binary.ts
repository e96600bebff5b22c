/** Arithmetic kernels of two operands, with broadcasting, and the sum of many. */

import type { DiffopsError } from '../../errors.ts';
import { isFloat } from '../../ir/aval.ts';
import { type Atom, isLiteral } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { joined } from './cancelling-kinks.ts';
import { asFloat, matched, throughFloat, unsupported } from './operands.ts';
import { constantPower } from './power.ts';

type Rule = (ops: Ops, a: Atom, b: Atom) => Atom;

const ofBools = (kernel: string): DiffopsError =>
  unsupported(
    kernel,
    'two bool tensors',
    'their result would not be 0 or 1, and backends disagree about it.',
    "Use .cast('int32') or .cast('float32') on an operand first.",
  );

/** `logic` is what the same operation means for two bool operands, where backends agree about it. */
const arithmetic =
  (kernel: string, f: Rule, logic?: 'and' | 'or'): KernelRule =>
  (context, { a, b }) => {
    const [x, y] = matched(context, a, b);
    if (x.aval.dtype !== 'bool') return f(context.ops, x, y);
    if (logic) return context.ops.binary(logic, x, y);
    throw ofBools(kernel);
  };

const opposite = (ops: Ops, a: Atom, b: Atom): Atom =>
  ops.binary('xor', ops.binary('lt', a, 0), ops.binary('lt', b, 0));

/** What tfjs' cpu backend gives for an integer divisor of zero is 0; the engines would trap. */
const guarded = (ops: Ops, b: Atom, f: (divisor: Atom) => Atom): Atom => {
  if (b.kind === 'literal' && !isLiteral(b, 0)) return f(b);
  const zero = ops.binary('eq', b, 0);
  return ops.select(zero, 0, f(ops.select(zero, 1, b)));
};

/** Rounded toward minus infinity; int32 even of floats, as in tfjs. */
const floorDiv: Rule = (ops, a, b) => {
  if (isFloat(a.aval.dtype)) {
    const quotient = ops.cast(ops.unary('floor', ops.div(a, b)), 'int32');
    if (b.kind === 'literal' && !isLiteral(b, 0)) return quotient;
    return ops.select(ops.binary('eq', b, 0), 0, quotient);
  }
  return guarded(ops, b, (divisor) => {
    const remainder = ops.binary('rem', a, divisor);
    const inexact = ops.binary('ne', remainder, 0);
    const below = ops.binary('and', inexact, opposite(ops, remainder, divisor));
    return ops.sub(ops.div(a, divisor), ops.cast(below, 'int32'));
  });
};

/** The result has the sign of the divisor, as in jnp.mod, whose derivative in b it shares: −floor(a / b). */
const floorMod: Rule = (ops, a, b) => {
  const corrected = (divisor: Atom): Atom => {
    const remainder = ops.binary('rem', a, divisor);
    const wrong = ops.binary('and', ops.binary('ne', remainder, 0), opposite(ops, remainder, divisor));
    return ops.select(wrong, ops.add(remainder, divisor), remainder);
  };
  return isFloat(a.aval.dtype) ? corrected(b) : guarded(ops, b, corrected);
};

const squaredDifference: Rule = (ops, a, b) => {
  const difference = ops.sub(a, b);
  return ops.mul(difference, difference);
};

const atan2: KernelRule = (context, { a, b }) => {
  const [y, x] = matched(context, a, b);
  return throughFloat(context, y, (v) => context.ops.binary('atan2', v, asFloat(context, x)));
};

const realDiv: KernelRule = (context, { a, b }) => {
  const { ops } = context;
  const [x, y] = matched(context, a, b);
  const divisor = asFloat(context, y);
  // Where the divisor is 0, tf.divNoNan takes 0 and not this quotient, whose derivative would come through as 0·∞.
  const safe = ops.scope === 'divNoNan' ? ops.select(ops.binary('eq', divisor, 0), 1, divisor) : divisor;
  return throughFloat(context, x, (v) => ops.div(v, safe));
};

/** In pairs, so that rounding grows with the logarithm of their number. */
const sumOf = (context: KernelContext, terms: readonly Atom[]): Atom => {
  if (terms.length === 1) return terms[0];
  const half = terms.length >> 1;
  return context.ops.add(sumOf(context, terms.slice(0, half)), sumOf(context, terms.slice(half)));
};

const addN: KernelRule = (context, inputs) => {
  const terms = Object.values(inputs);
  if (terms.length > 1 && terms[0].aval.dtype === 'bool') throw ofBools('AddN');
  return sumOf(context, terms);
};

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

/** Half a derivative at both ends, as in jnp.clip. Ends of integers lose their fractions, as results do in tfjs. */
const clipByValue: KernelRule = (context, { x }, attrs: { clipValueMin: number; clipValueMax: number }) => {
  const { ops } = context;
  const clipped = (v: Atom, low: number, high: number): Atom => ops.binary('min', ops.binary('max', v, low), high);
  const { clipValueMin: low, clipValueMax: high } = attrs;
  if (x.aval.dtype !== 'int32') return throughFloat(context, x, (v) => clipped(v, low, high));
  const whole = (end: number): number => Math.max(INT_MIN, Math.min(INT_MAX, Math.trunc(end)));
  return clipped(x, whole(low), whole(high));
};

export const binary = {
  Add: arithmetic('Add', (ops, a, b) => joined(ops, 'add', a, b)),
  AddN: addN,
  Sub: arithmetic('Sub', (ops, a, b) => joined(ops, 'sub', a, b)),
  // What is multiplied by itself is squared: the square of an absolute value has no kink.
  Multiply: arithmetic('Multiply', (ops, a, b) => (a === b ? constantPower(ops, a, 2) : ops.mul(a, b)), 'and'),
  RealDiv: realDiv,
  FloorDiv: arithmetic('FloorDiv', floorDiv),
  Mod: arithmetic('Mod', floorMod),
  Maximum: arithmetic('Maximum', (ops, a, b) => ops.binary('max', a, b), 'or'),
  Minimum: arithmetic('Minimum', (ops, a, b) => ops.binary('min', a, b), 'and'),
  SquaredDifference: arithmetic('SquaredDifference', squaredDifference),
  Atan2: atan2,
  ClipByValue: clipByValue,
} satisfies KernelFamily;
