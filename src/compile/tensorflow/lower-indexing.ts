/** Lowerings of what counts and what takes indices: iota, one_hot, gather, scatter_add. */

import { type Dtype, type Shape, sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import type { Atom } from '../../ir/program.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import type { Lowering, Site } from './lowering.ts';

/** 0, 1, …, length−1. */
const counting = (graph: GraphBuilder, length: number, dtype: Dtype): Tensor => {
  const bounds = [0, length, 1].map((value) => graph.scalar(value, dtype));
  return graph.untyped('Range', bounds, { dtype, shape: [length] }, { Tidx: { type: dtype } });
};

export const iota: Lowering<PrimitiveParams['iota']> = ({ graph }, _inputs, { shape, axis, dtype }) => {
  const along = shape.map((d, i) => (i === axis ? d : 1));
  return graph.expand(graph.reshape(counting(graph, shape[axis], dtype), along), shape);
};

/** OneHot gives nothing for indices out of range, as it should. */
export const oneHot: Lowering<PrimitiveParams['one_hot']> = (site, [indices], { depth, dtype }, { shape }) => {
  const { graph } = site;
  const operands = [site.full(indices), graph.scalar(depth, 'int32'), graph.scalar(1, dtype), graph.scalar(0, dtype)];
  return graph.untyped('OneHot', operands, { dtype, shape }, { T: { type: dtype }, TI: { type: 'int32' }, axis: -1 });
};

const isInRange = ({ ranges }: Site, indices: Atom, length: number): boolean => {
  const range = ranges.of(indices);
  return range !== undefined && range.low >= 0 && range.high < length;
};

/** Indices that name places 0 … length−1, and whether they did before they were brought there. */
const inRange = (graph: GraphBuilder, indices: Tensor, length: number): { places: Tensor; valid: Tensor } => {
  const { shape } = indices;
  const above = graph.node('Maximum', [indices, graph.scalar(0, 'int32')], { dtype: 'int32', shape });
  const places = graph.node('Minimum', [above, graph.scalar(length - 1, 'int32')], { dtype: 'int32', shape });
  return { places, valid: graph.node('Equal', [places, indices], { dtype: 'bool', shape }) };
};

const gathered = (graph: GraphBuilder, table: Tensor, places: Tensor, axis: number, shape: Shape): Tensor =>
  graph.untyped(
    'GatherV2',
    [table, places, graph.scalar(axis, 'int32')],
    { dtype: table.dtype, shape },
    { Tparams: { type: table.dtype }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' } },
  );

export const gather: Lowering<PrimitiveParams['gather']> = (site, [x, indices], { axis }, { shape }) => {
  const { graph } = site;
  const table = site.full(x);
  const wanted = site.full(indices);
  const length = table.shape[axis];
  if (isInRange(site, indices, length)) return gathered(graph, table, wanted, axis, shape);
  const { places, valid } = inRange(graph, wanted, length);
  const taken = gathered(graph, table, places, axis, shape);
  const mask = graph.reshape(valid, [...wanted.shape, ...table.shape.slice(axis + 1).map(() => 1)]);
  return graph.select(mask, taken, graph.scalar(0, table.dtype));
};

/** Rows are added by the first axis; what has a negative index is dropped. */
export const scatterAdd: Lowering<PrimitiveParams['scatter_add']> = (
  site,
  [updates, indices],
  { axis, size },
  { shape, dtype },
) => {
  const { graph } = site;
  const rank = indices.aval.shape.length;
  const source = site.full(updates);
  const [before, after] = [sizeOf(source.shape.slice(0, axis)), sizeOf(source.shape.slice(axis + rank))];
  const count = sizeOf(indices.aval.shape);
  const rows = graph.transpose(graph.reshape(source, [before, count, after]), [1, 0, 2]);
  const wanted = graph.reshape(site.full(indices), [count]);
  const { places, valid } = inRange(graph, wanted, size);
  const safe = isInRange(site, indices, size) ? wanted : graph.select(valid, places, graph.scalar(-1, 'int32'));
  const sums = graph.node(
    'UnsortedSegmentSum',
    [rows, safe, graph.scalar(size, 'int32')],
    { dtype, shape: [size, before, after] },
    { Tindices: { type: 'int32' } },
  );
  return graph.reshape(graph.transpose(sums, [1, 0, 2]), shape);
};
