/** Slices, pads, rolls and joins along axes that have a seed's label: the unit vector stays one, and only moves. */

import type { FloatDtype } from '../../ir/aval.ts';
import type { Atom, Equation } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import { isParted, partsOf } from '../../primitives/parts.ts';
import { withFactor } from './forms.ts';
import type { Factor, Form, Label, Labels, Term } from './term.ts';

/** An axis's new extent: `size` places of the old one from `start` on; what was nowhere before is zero. */
export interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly size: number;
}

/** An operand, cut. */
export interface CutOperand {
  readonly operand: Atom;
  readonly cuts: readonly Cut[];
}

/**
 * What a slice, a pad, a roll or a join makes of its operands, all of which is then added up; undefined where it spreads
 * or skips elements.
 */
export const cutsOf = (equation: Equation): CutOperand[] | undefined => {
  const { primitive, inputs, params, output } = equation;
  const after = output.aval.shape;
  if (isParted(equation)) {
    const axis = params.axis as number;
    return partsOf(equation).map(({ operand, by }) => ({
      operand: inputs[operand],
      cuts: [{ axis, start: by, size: after[axis] }],
    }));
  }
  const { strides, interior } = params as { strides?: readonly number[]; interior?: readonly number[] };
  if (strides?.some((s) => s !== 1) || interior?.some((d) => d !== 0)) return undefined;
  const starts =
    primitive === 'slice' ? (params.starts as readonly number[]) : (params.low as readonly number[]).map((d) => -d);
  const changed = inputs[0].aval.shape.flatMap((d, axis) =>
    d === after[axis] ? [] : [{ axis, start: starts[axis], size: after[axis] }],
  );
  return [{ operand: inputs[0], cuts: changed }];
};

/** The indices of a seed's axis that have a place in a window: first … limit−1. */
const rangeOf = (labels: Labels, seed: Label): { readonly first: number; readonly limit: number } => {
  const { base, shift } = labels.origin(seed);
  return { first: Math.max(0, -shift), limit: Math.min(labels.size(base), labels.size(seed) - shift) };
};

/** 1 for the indices of a seed's axis in a range, else 0. */
const maskOf = (ops: Ops, labels: Labels, base: Label, first: number, limit: number, dtype: FloatDtype): Factor => {
  const ones = ops.literal(1, [limit - first], dtype);
  return { atom: ops.pad(ones, [first], [labels.size(base) - limit]), labels: [base] };
};

const cutTerm = (ops: Ops, labels: Labels, term: Term, { axis, start, size }: Cut, dtype: FloatDtype): Form => {
  const [seed] = term.axes[axis];
  const label = labels.window(seed, -start, size);
  const before = rangeOf(labels, seed);
  const after = rangeOf(labels, label);
  const first = Math.max(before.first, after.first);
  const limit = Math.min(before.limit, after.limit);
  if (first >= limit) return [];
  const moved = { ...term, axes: term.axes.map((old, i) => (i === axis ? [label] : old)) };
  if (first === before.first && limit === before.limit) return [moved];
  const mask = maskOf(ops, labels, labels.origin(seed).base, first, limit, dtype);
  return withFactor(ops, [moved], () => mask);
};

/** The form with some axes cut; undefined where one of them is more than a seed's axis in one of the terms. */
export const cutSeeds = (
  ops: Ops,
  labels: Labels,
  form: Form,
  cuts: readonly Cut[],
  dtype: FloatDtype,
): Form | undefined => {
  const isSeedAxis = (axis: readonly Label[]): boolean => axis.length === 1 && labels.isSeed(axis[0]);
  if (!form.every((term) => cuts.every(({ axis }) => isSeedAxis(term.axes[axis])))) return undefined;
  return cuts.reduce((terms, cut) => terms.flatMap((term) => cutTerm(ops, labels, term, cut, dtype)), form);
};
