/** Reshapes of tensors whose axes are in an order of their own, or that have length 1 along repeated axes. */

import type { Shape } from '../../ir/aval.ts';

/** Axes from … limit−1 of the operand become axes from … limit−1 of the result. */
interface Group {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** The smallest groups of neighbouring axes that a reshape maps to each other. */
const groupsOf = (from: Shape, to: Shape): Group[] => {
  const groups: Group[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    const group = { from: [] as number[], to: [] as number[] };
    let [a, b] = [1, 1];
    do {
      if ((a <= b && i < from.length) || j >= to.length) {
        a *= from[i];
        group.from.push(i++);
      } else {
        b *= to[j];
        group.to.push(j++);
      }
    } while (a !== b);
    groups.push(group);
  }
  return groups;
};

/**
 * What a tensor of shape `held` and axes in `order`, for a variable of shape `from`, becomes when that is reshaped
 * to `to` without moving elements; undefined where it can't be.
 */
export const reshapedPlace = (
  held: Shape,
  order: readonly number[],
  from: Shape,
  to: Shape,
): { readonly shape: number[]; readonly order: number[] } | undefined => {
  const lengthOf = (axis: number): number => held[order.indexOf(axis)];
  const isReal = (axis: number): boolean => lengthOf(axis) !== 1;
  const groups = groupsOf(from, to);
  // Groups in the order of their first real axis; those without one come first.
  const place = ({ from: axes }: Group): number => {
    const first = axes.find(isReal);
    return first === undefined ? -1 : order.indexOf(first);
  };
  const sorted = groups.map((group, i) => ({ group, i })).sort((a, b) => place(a.group) - place(b.group) || a.i - b.i);
  // Then their real axes, one group after the other, must be the tensor's.
  const expected = sorted.flatMap(({ group }) => group.from.filter(isReal));
  if (!order.filter(isReal).every((axis, i) => axis === expected[i])) return undefined;
  const shape: number[] = [];
  const result: number[] = [];
  for (const { group } of sorted) {
    const repeated = group.from.some((axis) => lengthOf(axis) !== from[axis]);
    if (repeated && group.from.some(isReal)) return undefined;
    for (const axis of group.to) {
      shape.push(repeated ? 1 : to[axis]);
      result.push(axis);
    }
  }
  return { shape, order: result };
};
