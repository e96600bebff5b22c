/** Multiplying labelled arrays, and spreading them over more labels. */

import type { Ops } from '../../primitives/ops.ts';
import type { Factor, Label, Labels } from './term.ts';

/** The factor without the labels that `keep` refuses, summed over. */
export const summed = (ops: Ops, factor: Factor, keep: (label: Label) => boolean): Factor => {
  const axes = factor.labels.map((_, i) => i).filter((i) => !keep(factor.labels[i]));
  return { atom: ops.sum(factor.atom, axes), labels: factor.labels.filter(keep) };
};

/** The product of two factors with the labels of `out`, in that order; all other labels are summed. */
export const multiply = (ops: Ops, a: Factor, b: Factor, out: readonly Label[]): Factor => {
  // A dot sums only what both operands have.
  const left = summed(ops, a, (label) => out.includes(label) || b.labels.includes(label));
  const right = summed(ops, b, (label) => out.includes(label) || a.labels.includes(label));
  return { atom: ops.dot(left.atom, right.atom, { lhs: left.labels, rhs: right.labels, out }), labels: out };
};

/** The factor over the labels given, in that order: permuted, and repeated along those that it lacks. */
export const spread = (ops: Ops, factor: Factor, out: readonly Label[], labels: Labels): Factor => {
  const own = out.filter((label) => factor.labels.includes(label));
  const permuted = ops.permute(
    factor.atom,
    own.map((label) => factor.labels.indexOf(label)),
  );
  const shape = out.map((label) => labels.size(label));
  return {
    atom: ops.broadcast(
      permuted,
      shape,
      own.map((label) => out.indexOf(label)),
    ),
    labels: out,
  };
};
