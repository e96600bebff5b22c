/** The labels of a dot: their one numbering, and how long the axes are that they stand for. */

import type { DotParams } from '../ir/params.ts';
import type { Atom } from '../ir/program.ts';

/** The length of the axes that each label stands for. */
export const extentsByLabel = ([x, y]: readonly Atom[], { lhs, rhs }: DotParams): ReadonlyMap<number, number> => {
  const extents = new Map<number, number>();
  for (let i = 0; i < lhs.length; i++) extents.set(lhs[i], x.aval.shape[i]);
  for (let i = 0; i < rhs.length; i++) extents.set(rhs[i], y.aval.shape[i]);
  return extents;
};

/** Labels numbered in the order in which they first stand in lhs, then rhs: equal dots then have equal params. */
export const canonicalLabels = (params: DotParams): DotParams => {
  if (isCanonical(params)) return params;
  const { lhs, rhs, out } = params;
  const order = lhs.slice();
  for (let i = 0; i < rhs.length; i++) if (!order.includes(rhs[i])) order.push(rhs[i]);
  const renumbered = (labels: readonly number[]): number[] => labels.map((label) => order.indexOf(label));
  return { lhs: renumbered(lhs), rhs: renumbered(rhs), out: renumbered(out) };
};

/** Whether labels are numbered so. */
export const isCanonical = ({ lhs, rhs }: DotParams): boolean => {
  let next = 0;
  for (let i = 0; i < lhs.length; i++) if (lhs[i] !== next++) return false;
  for (let i = 0; i < rhs.length; i++) {
    if (rhs[i] > next || rhs[i] < 0) return false;
    if (rhs[i] === next) next++;
  }
  return true;
};
