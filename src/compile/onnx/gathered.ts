/** A rolled array, or parts of one array joined along one axis: one Gather. */

import { sizeOf } from '../../ir/aval.ts';
import type { Atom, Equation } from '../../ir/program.ts';
import type { Lowered, Site } from './site.ts';

/** Rows shorter than this many elements are faster sliced, unless there are few: each costs a Gather 9 ns, and a node 800. */
const SHORT_ROW = 16;
const FEW_ROWS = 256;

/** The part of `whole` along `axis` that a slice takes, if it takes all of the other axes, one element after another. */
const partOf = (
  maker: Equation | undefined,
  axis: number,
): { readonly whole: Atom; readonly places: number[] } | undefined => {
  if (maker?.primitive !== 'slice') return undefined;
  const [whole] = maker.inputs;
  const { starts, limits, strides } = maker.params as unknown as Record<string, readonly number[]>;
  const { shape } = whole.aval;
  const isWhole = shape.every((d, i) => strides[i] === 1 && (i === axis || (starts[i] === 0 && limits[i] === d)));
  if (!isWhole) return undefined;
  return { whole, places: Array.from({ length: limits[axis] - starts[axis] }, (_, i) => starts[axis] + i) };
};

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
  const parts = inputs.map((a) => partOf(site.maker(a), axis));
  const [first] = parts;
  if (!first || parts.length < 2 || !parts.every((part) => part?.whole === first.whole)) return undefined;
  const places = parts.flatMap((part) => part?.places ?? []);
  return gathered(site, first.whole, axis, places);
};
