/** Lowerings of what moves elements: reshape, broadcast, permute, reverse, roll, slice, pad, concat, windows, fold. */

import { type Aval, sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import type { Lowering } from './lowering.ts';

export const reshape: Lowering<PrimitiveParams['reshape']> = (site, [x], { shape }) =>
  site.graph.reshape(site.full(x), shape);

export const broadcast: Lowering<PrimitiveParams['broadcast']> = (site, [x], { shape, axes }) => {
  const held = shape.map((d, axis) => (axes.includes(axis) ? d : 1));
  return site.graph.expand(site.graph.reshape(site.full(x), held), shape);
};

export const permute: Lowering<PrimitiveParams['permute']> = (site, [x], { permutation }) =>
  site.graph.transpose(site.full(x), permutation);

export const reverse: Lowering<PrimitiveParams['reverse']> = (site, [x], { axes }, output) =>
  site.graph.node('ReverseV2', [site.full(x), site.graph.ints(axes)], output, { Tidx: { type: 'int32' } });

/** Tensors of one dtype, one after the other along an axis. */
const joined = (graph: GraphBuilder, parts: readonly Tensor[], axis: number, output: Aval): Tensor =>
  graph.node('ConcatV2', [...parts, graph.scalar(axis, 'int32')], output, { N: parts.length, Tidx: { type: 'int32' } });

export const roll: Lowering<PrimitiveParams['roll']> = (site, [x], { axis, shift }, output) => {
  const { graph } = site;
  const tensor = site.full(x);
  const back = graph.sliceAlong(tensor, axis, shift, tensor.shape[axis]);
  return joined(graph, [back, graph.sliceAlong(tensor, axis, 0, shift)], axis, output);
};

export const slice: Lowering<PrimitiveParams['slice']> = (site, [x], { starts, limits, strides }) =>
  site.graph.slice(site.full(x), starts, limits, strides);

export const pad: Lowering<PrimitiveParams['pad']> = (site, [x], { low, high, interior, value }) => {
  let tensor = site.full(x);
  for (const [axis, count] of interior.entries()) tensor = site.graph.spread(tensor, axis, count, value);
  return site.graph.pad(tensor, low, high, value);
};

export const concat: Lowering<PrimitiveParams['concat']> = (site, inputs, { axis }, output) => {
  const parts = inputs.filter((a) => sizeOf(a.aval.shape) > 0).map((a) => site.full(a));
  return parts.length === 1 ? parts[0] : joined(site.graph, parts, axis, output);
};

/** By element or by window, whichever are fewer: strided parts of x side by side. */
export const windows: Lowering<PrimitiveParams['windows']> = (
  site,
  [x],
  { axis, size, stride, dilation },
  { shape },
) => {
  const { graph } = site;
  const source = site.full(x);
  const count = shape[axis];
  if (dilation === 1 && size === stride) {
    return graph.reshape(graph.sliceAlong(source, axis, 0, count * size), shape);
  }
  const part = (start: number, length: number, step: number): Tensor =>
    graph.sliceAlong(source, axis, start, start + (length - 1) * step + 1, step);
  if (count < size) {
    const parts = Array.from({ length: count }, (_, o) => part(o * stride, size, dilation));
    return graph.stack(parts, axis);
  }
  const parts = Array.from({ length: size }, (_, k) => part(k * dilation, count, stride));
  return graph.stack(parts, axis + 1);
};

/** x with its elements `step` apart along an axis from `start` on, zeros elsewhere. */
const laidOut = (graph: GraphBuilder, x: Tensor, axis: number, start: number, step: number, length: number) => {
  const spread = graph.spread(x, axis, step - 1);
  const none = x.shape.map(() => 0);
  return graph.pad(spread, none.with(axis, start), none.with(axis, length - start - spread.shape[axis]));
};

/** By element or by window, whichever are fewer: each where it belongs, added up. */
export const fold: Lowering<PrimitiveParams['fold']> = (site, [x], { axis, length, stride, dilation }) => {
  const { graph } = site;
  const source = site.full(x);
  const [count, size] = source.shape.slice(axis);
  const part = (along: number, i: number): Tensor =>
    graph.reshape(graph.sliceAlong(source, along, i, i + 1), source.shape.toSpliced(along, 1));
  const terms =
    count < size
      ? Array.from({ length: count }, (_, o) => laidOut(graph, part(axis, o), axis, o * stride, dilation, length))
      : Array.from({ length: size }, (_, k) => laidOut(graph, part(axis + 1, k), axis, k * dilation, stride, length));
  return graph.total(terms);
};
