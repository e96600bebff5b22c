/** Sums of terms: like terms are added up, common factors are pulled out. */

import type { Ops } from '../../primitives/ops.ts';
import { multiply, spread } from './multiply.ts';
import { type Factor, type Form, isDynamic, type Label, type Labels, labelsOf, renamed, type Term } from './term.ts';

/** Sums of constants are kept up to this many elements. */
const CONSTANT_CAP = 1 << 21;

const sameFactor = (a: Factor, b: Factor): boolean => a.atom === b.atom && a.labels.join() === b.labels.join();

/** `term` with its axes' labels renamed to those of `like`; undefined where their axes are made differently. */
const aligned = (term: Term, like: Term, labels: Labels): Term | undefined => {
  const names = new Map<Label, Label>();
  for (const [i, axis] of term.axes.entries()) {
    const other = like.axes[i];
    if (axis.length !== other.length) return undefined;
    for (const [k, label] of axis.entries()) {
      const target = other[k];
      if (label === target) continue;
      if (labels.isSeed(label) || labels.isSeed(target) || labels.size(label) !== labels.size(target)) return undefined;
      names.set(label, target);
    }
  }
  return { scale: term.scale, axes: like.axes, factors: term.factors.map((f) => renamed(f, names)) };
};

const without = (factors: readonly Factor[], common: readonly Factor[]): Factor[] =>
  factors.filter((f) => !common.some((c) => sameFactor(c, f)));

/** The product of static factors, over the labels given; 1 where there are none. */
const productOver = (ops: Ops, factors: readonly Factor[], scale: number, out: readonly Label[], labels: Labels) => {
  const product = factors.reduce((a, b) => multiply(ops, a, b, [...labelsOf([a, b])]));
  return ops.mul(spread(ops, product, out, labels).atom, scale);
};

/** The labels over which the sum of two products of constants is kept as one constant; undefined where it isn't. */
type Kept = (x: readonly Factor[], y: readonly Factor[], labels: Labels) => readonly Label[] | undefined;

/** x + y as one term, if they differ by constants that fit together, or by one array of the same labels, only. */
const merged = (ops: Ops, x: Term, y: Term, labels: Labels, kept: Kept = fitting): Term | undefined => {
  const other = aligned(y, x, labels);
  if (!other) return undefined;
  const common = x.factors.filter((f) => other.factors.some((g) => sameFactor(f, g)));
  const restX = without(x.factors, common);
  const restY = without(other.factors, common);
  if (restX.length === 0 && restY.length === 0) return { ...x, scale: x.scale + other.scale };
  const rest = [...restX, ...restY];
  const pair = isSamePair(restX, restY) ? restX[0].labels : undefined;
  const out = rest.some(isDynamic) ? pair : kept(restX, restY, labels);
  if (!out) return undefined;
  const part = (factors: readonly Factor[], scale: number) => {
    if (factors.length > 0) return productOver(ops, factors, scale, out, labels);
    const { dtype } = rest[0].atom.aval;
    return ops.literal(
      scale,
      out.map((label) => labels.size(label)),
      dtype,
    );
  };
  const sum = { atom: ops.add(part(restX, x.scale), part(restY, other.scale)), labels: out };
  return { scale: 1, axes: x.axes, factors: [...common, sum] };
};

/** A sum of constants must be no larger than one of its factors: else it loses a structure that is worth more. */
const fitting: Kept = (x, y, labels) => {
  const all = [...x, ...y];
  const union = [...labelsOf(all)];
  const holds = all.some((factor) => union.every((label) => factor.labels.includes(label)));
  return holds && labels.volume(union) <= CONSTANT_CAP ? union : undefined;
};

/** Two arrays of the same labels: adding them up costs less than carrying both. */
const isSamePair = (x: readonly Factor[], y: readonly Factor[]): boolean =>
  x.length === 1 &&
  y.length === 1 &&
  x[0].labels.length === y[0].labels.length &&
  x[0].labels.every((label) => y[0].labels.includes(label));

/** The sum of two forms. */
export const addForms = (ops: Ops, x: Form, y: Form, labels: Labels, kept: Kept = fitting): Form => {
  const terms = [...x];
  for (const term of y) {
    let placed = false;
    for (const [i, before] of terms.entries()) {
      const sum = merged(ops, before, term, labels, kept);
      if (!sum) continue;
      terms[i] = sum;
      placed = true;
      break;
    }
    if (!placed) terms.push(term);
  }
  return terms.filter((term) => term.scale !== 0);
};

/**
 * The form with those of its terms added up that differ only by constants. `kept`: over which of these labels, in order,
 * the sum of these is worth keeping at the point.
 */
export const pooled = (
  ops: Ops,
  form: Form,
  labels: Labels,
  kept: (union: readonly Label[]) => readonly Label[] | undefined,
): Form => addForms(ops, [], form, labels, (x, y) => kept([...labelsOf([...x, ...y])]));

/** The form with one more factor in each term, multiplied at once with a constant over the same labels or more. */
export const withFactor = (ops: Ops, form: Form, factor: (term: Term) => Factor | undefined): Form =>
  form.map((term) => {
    const added = factor(term);
    if (!added) return term;
    const at = isDynamic(added) ? -1 : term.factors.findIndex((f) => !isDynamic(f) && contains(f, added));
    if (at < 0) return { ...term, factors: [...term.factors, added] };
    const host = term.factors[at];
    const [large, small] = host.labels.length >= added.labels.length ? [host, added] : [added, host];
    const product = multiply(ops, large, small, large.labels);
    return { ...term, factors: term.factors.map((f, i) => (i === at ? product : f)) };
  });

const contains = (a: Factor, b: Factor): boolean =>
  b.labels.every((label) => a.labels.includes(label)) || a.labels.every((label) => b.labels.includes(label));
