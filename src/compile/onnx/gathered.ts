/** A rolled array, or parts of one array joined along one axis: one Gather. */

import { sizeOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import { partAlong } from '../../primitives/parts.ts';
import type { Lowered, Site } from './site.ts';

/** Rows shorter than this many elements are faster sliced, unless there are few: each costs a Gather 9 ns, and a node 800. */
const SHORT_ROW = 16;
const FEW_ROWS = 256;

/** What is at `places` along an axis of an array, as one Gather; undefined where that would be slower. */
export const gathered = (site: Site, whole: Atom, axis: number, places: readonly number[]): Lowered | undefined => {
  const { order } = site.placed(whole);
  const tensor = site.at(whole, order, (i) => i === axis);
  const at = order.indexOf(axis);
  const row = sizeOf(tensor.shape.slice(at + 1));
  const shape = tensor.shape.map((d, i) => (i === at ? places.length : d));
  if (row < SHORT_ROW && sizeOf(shape) / row > FEW_ROWS) return undefined;
  const attributes = { axis: at };
  return {
    tensor: site.graph.node('Gather', [tensor, site.graph.ints(places)], tensor.dtype, shape, { attributes }),
    order,
  };
};

/** The concat of `inputs` along `axis` as one Gather; undefined where it isn't one, or would be slower. */
export const joinedParts = (site: Site, inputs: readonly Atom[], axis: number): Lowered | undefined => {
  const makers = inputs.map((a) => site.maker(a));
  const whole = makers[0]?.inputs[0];
  const places: number[] = [];
  for (const maker of makers) {
    const part = partAlong(maker, axis);
    if (!part || maker?.inputs[0] !== whole) return undefined;
    for (let k = part[0]; k < part[1]; k++) places.push(k);
  }
  return whole && makers.length > 1 ? gathered(site, whole, axis, places) : undefined;
};
