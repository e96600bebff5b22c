/** Lowerings of what moves elements: reshape, broadcast, permute, reverse, roll, slice, pad, concat. */

import { type Shape, sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import { gathered, joinedParts } from './gathered.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import { commonOrder } from './lower-elementwise.ts';
import type { Lowering } from './lowering.ts';
import { reshapedPlace } from './reshaped.ts';
import { inOrder } from './site.ts';

export const reshape: Lowering<PrimitiveParams['reshape']> = (site, [x], { shape }) => {
  const { graph } = site;
  const { tensor, order } = site.placed(x);
  const place = reshapedPlace(tensor.shape, order, x.aval.shape, shape);
  if (place) return { tensor: graph.reshape(tensor, place.shape), order: place.order };
  if (sizeOf(tensor.shape) === sizeOf(shape))
    return graph.reshape(
      site.along(x, () => false),
      shape,
    );
  return graph.reshape(site.full(x), shape);
};

export const broadcast: Lowering<PrimitiveParams['broadcast']> = (site, [x], { shape, axes }) => {
  const { tensor, order } = site.placed(x);
  const repeated = inOrder(shape.length).filter((axis) => !axes.includes(axis));
  const own = order.map((axis) => axes[axis]);
  if (!site.isOrdered(x)) {
    const held = [...repeated.map(() => 1), ...tensor.shape];
    return { tensor: site.graph.reshape(tensor, held), order: [...repeated, ...own] };
  }
  const held = shape.map((_, axis) => (axes.includes(axis) ? tensor.shape[axes.indexOf(axis)] : 1));
  // Axes in front need not be written out: broadcasting adds them.
  const first = held.findIndex((d) => d !== 1);
  return site.graph.reshape(tensor, first < 0 ? [] : held.slice(first));
};

export const permute: Lowering<PrimitiveParams['permute']> = (site, [x], { permutation }) => {
  const { tensor, order } = site.placed(x);
  return { tensor, order: order.map((axis) => permutation.indexOf(axis)) };
};

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Below any start: a Slice backwards to the first element ends there. */
const BEFORE_FIRST = -(2 ** 31);

/** x cut along some axes; the result's lengths are given. */
export const sliced = (graph: GraphBuilder, x: Tensor, cuts: readonly Cut[], shape: Shape): Tensor =>
  cuts.length === 0
    ? x
    : graph.node(
        'Slice',
        [
          x,
          graph.ints(cuts.map((c) => c.start)),
          graph.ints(cuts.map((c) => c.end)),
          graph.ints(cuts.map((c) => c.axis)),
          graph.ints(cuts.map((c) => c.step)),
        ],
        x.dtype,
        shape,
      );

export const reverse: Lowering<PrimitiveParams['reverse']> = (site, [x], { axes }) => {
  const { tensor, order } = site.placed(x);
  const cuts = axes
    .map((axis) => order.indexOf(axis))
    .filter((axis) => tensor.shape[axis] > 1)
    .map((axis) => ({ axis, start: tensor.shape[axis] - 1, end: BEFORE_FIRST, step: -1 }));
  return { tensor: sliced(site.graph, tensor, cuts, tensor.shape), order };
};

export const slice: Lowering<PrimitiveParams['slice']> = (site, [x], { starts, limits, strides }, output) => {
  const { tensor, order } = site.placed(x);
  const cuts: Cut[] = [];
  const shape = order.map((axis, i) => {
    const d = tensor.shape[i];
    // Length 1: of a repeated axis any part is like the whole.
    if (d === 1) return 1;
    if (output.shape[axis] !== d) cuts.push({ axis: i, start: starts[axis], end: limits[axis], step: strides[axis] });
    return output.shape[axis];
  });
  return { tensor: sliced(site.graph, tensor, cuts, shape), order };
};

export const roll: Lowering<PrimitiveParams['roll']> = (site, [x], { axis, shift }) => {
  const { tensor, order } = site.placed(x);
  const at = order.indexOf(axis);
  const length = tensor.shape[at];
  // A repeated axis is the same everywhere.
  if (length === 1) return { tensor, order };
  const places = Array.from({ length }, (_, i) => (i + shift) % length);
  const asOne = gathered(site, x, axis, places);
  if (asOne) return asOne;
  const part = (start: number, end: number): Tensor => {
    const shape = tensor.shape.with(at, end - start);
    return sliced(site.graph, tensor, [{ axis: at, start, end, step: 1 }], shape);
  };
  const halves = [part(shift, length), part(0, shift)];
  return { tensor: site.graph.node('Concat', halves, tensor.dtype, tensor.shape, { attributes: { axis: at } }), order };
};

/** x with `value` around it; `low` and `high` per axis. */
export const padded = (
  graph: GraphBuilder,
  x: Tensor,
  low: readonly number[],
  high: readonly number[],
  value: number,
): Tensor => {
  if (low.every((d) => d === 0) && high.every((d) => d === 0)) return x;
  const shape = x.shape.map((d, axis) => d + low[axis] + high[axis]);
  const operands = [x, graph.ints([...low, ...high]), ...(value === 0 ? [] : [graph.bound(value, x.dtype)])];
  return graph.node('Pad', operands, x.dtype, shape);
};

/**
 * x with `count` values between neighbours along an axis. A Concat with a constant, since a Pad of rows of one
 * element costs 15 ns a row (bench/lowering.ts).
 */
const spread = (graph: GraphBuilder, x: Tensor, axis: number, count: number, value: number): Tensor => {
  const length = x.shape[axis];
  if (count === 0 || length < 2) return x;
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const apart = graph.reshape(x, [...before, length, 1, ...after]);
  const between = graph.filled(value, [...before, length, count, ...after], x.dtype);
  const joined = graph.node('Concat', [apart, between], x.dtype, [...before, length, 1 + count, ...after], {
    attributes: { axis: axis + 1 },
  });
  const flat = graph.reshape(joined, [...before, length * (1 + count), ...after]);
  const end = length * (1 + count) - count;
  return sliced(graph, flat, [{ axis, start: 0, end, step: 1 }], [...before, end, ...after]);
};

export const pad: Lowering<PrimitiveParams['pad']> = (site, [x], { low, high, interior, value }) => {
  const touched = (axis: number): boolean => low[axis] + high[axis] + interior[axis] > 0;
  const { order } = site.placed(x);
  let tensor = site.at(x, order, touched);
  for (const [i, axis] of order.entries()) tensor = spread(site.graph, tensor, i, interior[axis], value);
  const sides = [low, high].map((side) => order.map((axis) => side[axis]));
  return { tensor: padded(site.graph, tensor, sides[0], sides[1], value), order };
};

export const concat: Lowering<PrimitiveParams['concat']> = (site, inputs, { axis }) => {
  const parts = inputs.filter((a) => sizeOf(a.aval.shape) > 0);
  const asOne = joinedParts(site, parts, axis);
  if (asOne) return asOne;
  const places = parts.map((a) => site.placed(a));
  const order = commonOrder(places);
  const isHeld = (i: number): boolean => places.every(({ tensor, order: own }) => tensor.shape[own.indexOf(i)] === 1);
  const tensors = parts.map((a) => site.at(a, order, (i) => i === axis || !isHeld(i)));
  const at = order.indexOf(axis);
  const length = tensors.reduce((sum, t) => sum + t.shape[at], 0);
  const shape = tensors[0].shape.map((d, i) => (i === at ? length : d));
  if (tensors.length === 1) return { tensor: tensors[0], order };
  const attributes = { axis: at };
  return { tensor: site.graph.node('Concat', tensors, tensors[0].dtype, shape, { attributes }), order };
};
