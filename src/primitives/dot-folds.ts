/** What a dot simplifies to: its operands' permutes and broadcasts become labels, and trivial ones products. */

import type { Aval } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import type { Atom, Equation } from '../ir/program.ts';
import { canonicalLabels, isCanonical } from './dot-labels.ts';
import type { Ops } from './ops.ts';

/** Up to this many summed terms per element, a second dot costs no more than the permute that it saves. */
const CHEAP_TERMS = 16;

/** A permute of a dot as a dot whose result has its labels in that order, if making the dot again is cheap. */
export const relabeled = (ops: Ops, { inputs, params }: Equation, permutation: readonly number[]): Atom | undefined => {
  const { lhs, rhs, out } = params as unknown as DotParams;
  const { shape } = inputs[0].aval;
  const terms = lhs.reduce((n, label, i) => (out.includes(label) ? n : n * shape[i]), 1);
  if (terms > CHEAP_TERMS) return undefined;
  return ops.dot(inputs[0], inputs[1], { lhs, rhs, out: permutation.map((i) => out[i]) });
};

/** x, labelled, as an array labelled `out`: labels that `out` lacks are summed, labels that x lacks are new axes. */
const arranged = (ops: Ops, x: Atom, labels: readonly number[], out: readonly number[], output: Aval): Atom => {
  const summed = ops.sum(
    x,
    labels.map((_, i) => i).filter((i) => !out.includes(labels[i])),
  );
  const left = labels.filter((label) => out.includes(label));
  const order = out.filter((label) => left.includes(label));
  const permuted = ops.permute(
    summed,
    order.map((label) => left.indexOf(label)),
  );
  return ops.broadcast(
    permuted,
    output.shape,
    order.map((label) => out.indexOf(label)),
  );
};

interface Operand {
  readonly value: Atom;
  readonly labels: readonly number[];
}

/** The operand that a permute made its operand from, with its labels in that order. */
const withoutPermute = (ops: Ops, { value, labels }: Operand): Operand | undefined => {
  const maker = ops.maker(value);
  if (maker?.primitive !== 'permute') return undefined;
  const inner: number[] = [];
  for (const [i, axis] of (maker.params.permutation as readonly number[]).entries()) inner[axis] = labels[i];
  return { value: maker.inputs[0], labels: inner };
};

/**
 * A dot with a broadcast operand, without the repeated axes: such a label of the other operand too is summed
 * there beforehand if the result lacks it; one of this operand alone becomes an axis of the result's broadcast.
 */
const withoutBroadcast = (
  ops: Ops,
  repeated: Operand,
  other: Operand,
  out: readonly number[],
  output: Aval,
  join: (a: Operand, b: Operand, out: readonly number[]) => Atom,
): Atom | undefined => {
  const maker = ops.maker(repeated.value);
  if (maker?.primitive !== 'broadcast') return undefined;
  const labels = (maker.params.axes as readonly number[]).map((axis) => repeated.labels[axis]);
  const gone = (label: number): boolean => !labels.includes(label) && !out.includes(label);
  const summed = ops.sum(
    other.value,
    other.labels.map((_, i) => i).filter((i) => gone(other.labels[i])),
  );
  const rest = { value: summed, labels: other.labels.filter((label) => !gone(label)) };
  const left = out.filter((label) => labels.includes(label) || rest.labels.includes(label));
  const result = join({ value: maker.inputs[0], labels }, rest, left);
  return ops.broadcast(
    result,
    output.shape,
    left.map((label) => out.indexOf(label)),
  );
};

/** A dot without its axes of length 1: they come off the operands and go on the result by reshapes. */
const withoutOnes = (ops: Ops, a: Operand, b: Operand, out: readonly number[], output: Aval): Atom | undefined => {
  if (!a.value.aval.shape.includes(1) && !b.value.aval.shape.includes(1)) return undefined;
  const long = ({ value, labels }: Operand): Operand => ({
    value: ops.reshape(
      value,
      value.aval.shape.filter((d) => d !== 1),
    ),
    labels: labels.filter((_, i) => value.aval.shape[i] !== 1),
  });
  const [x, y] = [long(a), long(b)];
  const left = out.filter((_, i) => output.shape[i] !== 1);
  return ops.reshape(ops.dot(x.value, y.value, { lhs: x.labels, rhs: y.labels, out: left }), output.shape);
};

/**
 * A sum of a dot over axes that come of one operand each, as the dot of operands summed beforehand; undefined
 * if an axis comes of both.
 */
export const sumOfDot = (ops: Ops, { inputs, params }: Equation, axes: readonly number[]): Atom | undefined => {
  const { lhs, rhs, out } = params as unknown as DotParams;
  const gone = axes.map((axis) => out[axis]);
  if (gone.some((label) => lhs.includes(label) && rhs.includes(label))) return undefined;
  const summed = (x: Atom, labels: readonly number[]): Operand => ({
    value: ops.sum(
      x,
      labels.map((_, i) => i).filter((i) => gone.includes(labels[i])),
    ),
    labels: labels.filter((label) => !gone.includes(label)),
  });
  const [x, y] = [summed(inputs[0], lhs), summed(inputs[1], rhs)];
  const left = out.filter((label) => !gone.includes(label));
  return ops.dot(x.value, y.value, { lhs: x.labels, rhs: y.labels, out: left });
};

export const foldDot = (ops: Ops, [x, y]: readonly Atom[], params: DotParams, output: Aval): Atom | undefined => {
  if (!isCanonical(params)) return ops.dot(x, y, canonicalLabels(params));
  const { lhs, rhs, out } = params;
  if (y.kind === 'literal') return ops.mul(arranged(ops, x, lhs, out, output), y.value);
  if (x.kind === 'literal') return ops.mul(arranged(ops, y, rhs, out, output), x.value);
  const a = { value: x, labels: lhs };
  const b = { value: y, labels: rhs };
  const shorter = withoutOnes(ops, a, b, out, output);
  if (shorter) return shorter;
  const permutedA = withoutPermute(ops, a);
  const permutedB = withoutPermute(ops, b);
  if (permutedA || permutedB) {
    const left = permutedA ?? a;
    const right = permutedB ?? b;
    return ops.dot(left.value, right.value, { lhs: left.labels, rhs: right.labels, out });
  }
  const join = (l: Operand, r: Operand, o: readonly number[]): Atom =>
    ops.dot(l.value, r.value, { lhs: l.labels, rhs: r.labels, out: o });
  const found =
    withoutBroadcast(ops, a, b, out, output, join) ??
    withoutBroadcast(ops, b, a, out, output, (l, r, o) => join(r, l, o));
  if (found) return found;
  // All labels in all three: an elementwise product.
  const everywhere = out.every((label) => lhs.includes(label) && rhs.includes(label));
  if (everywhere && lhs.length === out.length && rhs.length === out.length) {
    return ops.mul(arranged(ops, x, lhs, out, output), arranged(ops, y, rhs, out, output));
  }
  return undefined;
};
