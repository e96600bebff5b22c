/** Running sums and products along an axis. */

import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelFamily, KernelRule } from '../kernel.ts';
import { asNumber, axesOf } from './operands.ts';

interface CumulativeAttrs {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** A scalar is a line of one element. */
const alongLine =
  (rule: KernelRule): KernelRule =>
  (context, { x }, attrs) => {
    if (x.aval.shape.length > 0) return rule(context, { x }, attrs);
    const line = rule(context, { x: context.ops.reshape(x, [1]) }, attrs) as Atom;
    return context.ops.reshape(line, []);
  };

const cumsum: KernelRule = (context, { x }, { axis, exclusive, reverse }: CumulativeAttrs) =>
  context.ops.cumsum(asNumber(context, x), axesOf(axis, x.aval.shape)[0], exclusive ?? false, reverse ?? false);

/** x moved by `distance` along an axis, away from where the products start; ones come in. */
const shifted = (ops: Ops, x: Atom, axis: number, distance: number, reverse: boolean): Atom => {
  const length = x.aval.shape[axis];
  const at = (amount: number): number[] => x.aval.shape.map((_, i) => (i === axis ? amount : 0));
  return reverse
    ? ops.pad(ops.sliceAxis(x, axis, distance, length), at(0), at(distance), undefined, 1)
    : ops.pad(ops.sliceAxis(x, axis, 0, length - distance), at(distance), at(0), undefined, 1);
};

/**
 * Each pass doubles the run of factors that an element holds: no division, so zeros keep right derivatives.
 * Source: Hillis & Steele, Data parallel algorithms (1986).
 */
const cumprod: KernelRule = (context, { x }, attrs: CumulativeAttrs) => {
  const { ops } = context;
  const axis = axesOf(attrs.axis, x.aval.shape)[0];
  const reverse = attrs.reverse ?? false;
  const length = x.aval.shape[axis];
  let result = asNumber(context, x);
  if (attrs.exclusive && length > 0) result = shifted(ops, result, axis, 1, reverse);
  for (let run = 1; run < length; run *= 2) result = ops.mul(result, shifted(ops, result, axis, run, reverse));
  return result;
};

export const cumulative = { Cumsum: alongLine(cumsum), Cumprod: alongLine(cumprod) } satisfies KernelFamily;
