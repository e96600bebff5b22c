/** Lowerings of what counts and what takes indices: iota, one_hot, gather, scatter_add. */

import { type Shape, sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import { type GraphBuilder, heldShape, type Tensor } from './graph.ts';
import type { Lowering } from './lowering.ts';
import { broadcastShape } from './site.ts';

export const iota: Lowering<PrimitiveParams['iota']> = (site, _inputs, { shape, axis, dtype }) => {
  const counting = site.graph.counting(shape[axis], dtype);
  return site.graph.reshape(counting, [shape[axis], ...shape.slice(axis + 1).map(() => 1)]);
};

/** Not ONNX's OneHot: that has no float64 kernel, is slower, and counts negative indices from the end. */
export const oneHot: Lowering<PrimitiveParams['one_hot']> = (site, [indices], { depth, dtype }) => {
  const { graph } = site;
  const x = site.compact(indices);
  const column = graph.reshape(x, [...x.shape, 1]);
  const hit = graph.node('Equal', [column, graph.counting(depth, 'int32')], 'bool', [...x.shape, depth]);
  return graph.cast(hit, dtype);
};

/** Indices that name places 0 … length−1, and whether they did before they were brought there. */
const inRange = (graph: GraphBuilder, indices: Tensor, length: number): { places: Tensor; valid: Tensor } => {
  const { shape } = indices;
  const places = graph.node(
    'Clip',
    [indices, graph.bound(0, 'int32'), graph.bound(length - 1, 'int32')],
    'int32',
    shape,
  );
  return { places, valid: graph.node('Equal', [places, indices], 'bool', shape) };
};

/** Up to this many elements after the axis, element-wise indices beat Gather's copies, 2.5 ns each (bench/lowering.ts). */
const SHORT_ROW = 1;

const gathered = (graph: GraphBuilder, table: Tensor, places: Tensor, axis: number, shape: Shape): Tensor => {
  const after = sizeOf(table.shape.slice(axis + 1));
  const before = sizeOf(table.shape.slice(0, axis));
  if (after > SHORT_ROW || before === 1) {
    const held = [...table.shape.slice(0, axis), ...heldShape(places.shape), ...table.shape.slice(axis + 1)];
    return graph.reshape(graph.node('Gather', [table, places], table.dtype, held, { attributes: { axis } }), shape);
  }
  const count = sizeOf(places.shape);
  const rows = graph.reshape(table, [before, table.shape[axis]]);
  const row = graph.reshape(places, [1, count]);
  const repeated = graph.node('Expand', [row, graph.ints([before, count])], 'int32', [before, count]);
  const taken = graph.node('GatherElements', [rows, repeated], table.dtype, [before, count], {
    attributes: { axis: 1 },
  });
  return graph.reshape(taken, shape);
};

export const gather: Lowering<PrimitiveParams['gather']> = (site, [x, indices], { axis }) => {
  const { graph } = site;
  const table = site.along(x, (i) => i === axis);
  const full = site.full(indices);
  const rest = table.shape.slice(axis + 1);
  const shape = [...table.shape.slice(0, axis), ...full.shape, ...rest];
  const range = site.ranges.of(indices);
  if (range && range.low >= 0 && range.high < table.shape[axis]) return gathered(graph, table, full, axis, shape);
  const { places, valid } = inRange(graph, full, table.shape[axis]);
  const taken = gathered(graph, table, places, axis, shape);
  const mask = graph.reshape(valid, [...full.shape, ...rest.map(() => 1)]);
  if (x.aval.dtype === 'bool') return graph.node('And', [mask, taken], 'bool', broadcastShape([mask.shape, shape]));
  const zero = graph.scalar(0, x.aval.dtype);
  return graph.node('Where', [mask, taken, zero], x.aval.dtype, broadcastShape([mask.shape, shape]));
};

/**
 * ScatterND adds whole rows, several times faster than ScatterElements and than a one-hot product
 * (bench/lowering.ts). An index out of range goes to a row past the end, which is cut off.
 */
export const scatterAdd: Lowering<PrimitiveParams['scatter_add']> = (site, [updates, indices], { axis, size }) => {
  const { graph } = site;
  const rank = indices.aval.shape.length;
  const source = site.along(updates, (i) => i >= axis && i < axis + rank);
  const full = site.full(indices);
  const before = source.shape.slice(0, axis);
  const after = source.shape.slice(axis + rank);
  const count = sizeOf(full.shape);

  // Rows first: [count, …before, …after].
  const flat = graph.reshape(source, [sizeOf(before), count, sizeOf(after)]);
  const rows = graph.reshape(graph.transpose(flat, [1, 0, 2]), [count, sizeOf(before) * sizeOf(after)]);
  const { places, valid } = inRange(graph, full, size);
  const safe = graph.node('Where', [valid, places, graph.scalar(size, 'int32')], 'int32', full.shape);
  const places64 = graph.toInt64(graph.reshape(safe, [count, 1]));
  const width = sizeOf(before) * sizeOf(after);
  const zeros = graph.filled(0, [size + 1, width], source.dtype);
  const sums = graph.node('ScatterND', [zeros, places64, rows], source.dtype, [size + 1, width], {
    attributes: { reduction: 'add' },
  });
  const kept = graph.node('Slice', [sums, graph.ints([0]), graph.ints([size]), graph.ints([0])], source.dtype, [
    size,
    width,
  ]);
  const apart = graph.reshape(kept, [size, sizeOf(before), sizeOf(after)]);
  return graph.reshape(graph.transpose(apart, [1, 0, 2]), [...before, size, ...after]);
};
