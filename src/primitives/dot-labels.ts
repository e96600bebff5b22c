/** The labels of a dot in their one numbering. */

import type { DotParams } from '../ir/params.ts';

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
