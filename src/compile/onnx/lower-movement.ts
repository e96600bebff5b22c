/** Lowerings of what moves elements: reshape, broadcast, permute, reverse, slice, pad, concat. */

import { type Shape, sameShape, sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import type { Lowering } from './lowering.ts';

/**
 * The shape of a reshaped tensor that has length 1 along repeated axes, if the repeated axes become whole axes
 * again; undefined where they mix with others.
 */
const carried = (held: Shape, from: Shape, to: Shape): number[] | undefined => {
  const result: number[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    const start = i;
    const startTo = j;
    let a = i < from.length ? from[i++] : 1;
    let b = j < to.length ? to[j++] : 1;
    while (a !== b) {
      if (a < b) a *= from[i++];
      else b *= to[j++];
    }
    const repeated = from.slice(start, i).filter((d, k) => d !== held[start + k]);
    const kept = held.slice(start, i).filter((d) => d !== 1);
    if (repeated.length > 0 && kept.length > 0) return undefined;
    for (const d of to.slice(startTo, j)) result.push(repeated.length > 0 ? 1 : d);
  }
  return result;
};

export const reshape: Lowering<PrimitiveParams['reshape']> = (site, [x], { shape }) => {
  const held = site.aligned(x);
  const kept = sameShape(held.shape, x.aval.shape) ? shape : carried(held.shape, x.aval.shape, shape);
  return kept ? site.graph.reshape(held, kept) : site.graph.reshape(site.full(x), shape);
};

export const broadcast: Lowering<PrimitiveParams['broadcast']> = (site, [x], { shape, axes }) => {
  const tensor = site.aligned(x);
  const held = shape.map((_, axis) => (axes.includes(axis) ? tensor.shape[axes.indexOf(axis)] : 1));
  // Axes in front need not be written out: broadcasting adds them.
  const first = held.findIndex((d) => d !== 1);
  return site.graph.reshape(tensor, first < 0 ? [] : held.slice(first));
};

export const permute: Lowering<PrimitiveParams['permute']> = (site, [x], { permutation }) =>
  site.graph.transpose(site.aligned(x), permutation);

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
  const tensor = site.aligned(x);
  const cuts = axes
    .filter((axis) => tensor.shape[axis] > 1)
    .map((axis) => ({ axis, start: tensor.shape[axis] - 1, end: BEFORE_FIRST, step: -1 }));
  return sliced(site.graph, tensor, cuts, tensor.shape);
};

export const slice: Lowering<PrimitiveParams['slice']> = (site, [x], { starts, limits, strides }, output) => {
  const tensor = site.aligned(x);
  const cuts: Cut[] = [];
  const shape = tensor.shape.map((d, axis) => {
    // Length 1: of a repeated axis any part is like the whole.
    if (d === 1) return 1;
    if (output.shape[axis] !== d) {
      cuts.push({ axis, start: starts[axis], end: limits[axis], step: strides[axis] });
    }
    return output.shape[axis];
  });
  return sliced(site.graph, tensor, cuts, shape);
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
  const operands = [x, graph.ints([...low, ...high]), ...(value === 0 ? [] : [graph.scalar(value, x.dtype)])];
  return graph.node('Pad', operands, x.dtype, shape);
};

/**
 * x with `count` values between neighbours along an axis. A Concat with a constant, since a Pad of rows of one
 * element costs 18 ns a row (bench/lowering.ts).
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
  let tensor = site.along(x, touched);
  for (const [axis, count] of interior.entries()) tensor = spread(site.graph, tensor, axis, count, value);
  return padded(site.graph, tensor, low, high, value);
};

export const concat: Lowering<PrimitiveParams['concat']> = (site, inputs, { axis }) => {
  const parts = inputs.filter((a) => sizeOf(a.aval.shape) > 0);
  const held = parts.map((a) => site.aligned(a).shape);
  const needed = (i: number): boolean => i === axis || held.some((shape) => shape[i] !== 1);
  const tensors = parts.map((a) => site.along(a, needed));
  if (tensors.length === 1) return tensors[0];
  const length = tensors.reduce((sum, t) => sum + t.shape[axis], 0);
  const shape = tensors[0].shape.map((d, i) => (i === axis ? length : d));
  return site.graph.node('Concat', tensors, tensors[0].dtype, shape, { attributes: { axis } });
};
