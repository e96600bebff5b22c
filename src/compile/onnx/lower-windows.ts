/** Lowerings of windows and fold: strided patches along an axis by copies of whole runs, and their sum. */

import { sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import { padded, sliced } from './lower-movement.ts';
import { total } from './lower-reduce.ts';
import type { Lowering } from './lowering.ts';

type Windows = PrimitiveParams['windows'];
type Fold = PrimitiveParams['fold'];

/** From this many elements after the axis on, one Gather beats slices and a Concat (bench/lowering.ts). */
const LONG_ROW = 64;

/** x with its axis cut or padded with zeros at the end, to a length. */
const resized = (graph: GraphBuilder, x: Tensor, axis: number, length: number): Tensor => {
  const own = x.shape[axis];
  if (own === length) return x;
  if (own > length) {
    const shape = x.shape.map((d, i) => (i === axis ? length : d));
    return sliced(graph, x, [{ axis, start: 0, end: length, step: 1 }], shape);
  }
  return padded(
    graph,
    x,
    x.shape.map(() => 0),
    x.shape.map((_, i) => (i === axis ? length - own : 0)),
    0,
  );
};

/** x [outer, length, inner] → [outer, count, size, inner], window o's element k from o·stride + k·dilation. */
const patches = (graph: GraphBuilder, x: Tensor, count: number, size: number, stride: number, dilation: number) => {
  const [outer, , inner] = x.shape;
  const shape = [outer, count, size, inner];
  if (inner >= LONG_ROW) {
    const places = new Int32Array(count * size);
    for (let o = 0; o < count; o++) for (let k = 0; k < size; k++) places[o * size + k] = o * stride + k * dilation;
    const indices = graph.constant(places, [count, size], 'int32');
    return graph.node('Gather', [x, indices], x.dtype, shape, { attributes: { axis: 1 } });
  }
  const parts = Array.from({ length: size }, (_, k) => {
    const start = k * dilation;
    const cut = { axis: 1, start, end: start + (count - 1) * stride + 1, step: stride };
    const part = sliced(graph, x, x.shape[1] === count ? [] : [cut], [outer, count, inner]);
    return graph.reshape(part, [outer, count, 1, inner]);
  });
  if (parts.length === 1) return parts[0];
  return graph.node('Concat', parts, x.dtype, shape, { attributes: { axis: 2 } });
};

/**
 * With a stride, x is seen as rows of one stride each: window o is the rows o … o+reach−1 but for a part of the
 * last. So all copies are of whole rows, and where the windows don't overlap there is none.
 */
const stridedPatches = (graph: GraphBuilder, x: Tensor, count: number, size: number, stride: number): Tensor => {
  const [outer, , inner] = x.shape;
  const reach = Math.ceil(size / stride);
  const rows = count - 1 + reach;
  const blocks = graph.reshape(resized(graph, x, 1, rows * stride), [outer, rows, stride * inner]);
  const long = graph.reshape(patches(graph, blocks, count, reach, 1, 1), [outer, count, reach * stride, inner]);
  return resized(graph, long, 2, size);
};

/** The same with the windows' own axis moved in, right before the last: [outer, length, middle, last] → […, middle, size, last]. */
const inwardPatches = (graph: GraphBuilder, x: Tensor, count: number, { size, stride, dilation }: Windows): Tensor => {
  const [outer, length, middle, last] = x.shape;
  const rows = graph.reshape(x, [outer, length, middle * last]);
  const parts = Array.from({ length: size }, (_, k) => {
    const start = k * dilation;
    const cut = { axis: 1, start, end: start + (count - 1) * stride + 1, step: stride };
    const part = sliced(graph, rows, length === count ? [] : [cut], [outer, count, middle * last]);
    return graph.reshape(part, [outer, count, middle, 1, last]);
  });
  if (parts.length === 1) return parts[0];
  return graph.node('Concat', parts, x.dtype, [outer, count, middle, size, last], { attributes: { axis: 3 } });
};

/** The order, unless its last axis isn't the variable's: patches are copied in runs of that, so it goes last first. */
const runsLast = (order: readonly number[], axis: number): readonly number[] => {
  const last = order.length - 1;
  return axis === last || order[last] === last ? order : [...order.filter((i) => i !== last), last];
};

/**
 * Windows along one axis after another, as a convolution's, are wanted beside each other as the rows of a matrix.
 * So their elements go inward, past all axes but the last, unless a mere reshape puts them beside their axis.
 */
export const windows: Lowering<Windows> = (site, [x], params, output) => {
  const { graph } = site;
  const { axis, size, stride, dilation } = params;
  const order = runsLast(site.placed(x).order, axis);
  const tensor = site.at(x, order, (i) => i === axis);
  const at = order.indexOf(axis);
  const before = tensor.shape.slice(0, at);
  const after = tensor.shape.slice(at + 1);
  const count = output.shape[axis];
  const renumbered = order.map((i) => (i > axis ? i + 1 : i));
  const isView = dilation === 1 && size === stride;
  if (!isView && after.length > 1) {
    const last = after[after.length - 1];
    const middle = after.slice(0, -1);
    const flat = graph.reshape(tensor, [sizeOf(before), tensor.shape[at], sizeOf(middle), last]);
    const made = inwardPatches(graph, flat, count, params);
    const inner = renumbered.length - 1;
    return {
      tensor: graph.reshape(made, [...before, count, ...middle, size, last]),
      order: [...renumbered.slice(0, inner), axis + 1, renumbered[inner]],
    };
  }
  const flat = graph.reshape(tensor, [sizeOf(before), tensor.shape[at], sizeOf(after)]);
  const made =
    dilation === 1 && stride > 1
      ? stridedPatches(graph, flat, count, size, stride)
      : patches(graph, flat, count, size, stride, dilation);
  return {
    tensor: graph.reshape(made, [...before, count, size, ...after]),
    order: [...renumbered.slice(0, at + 1), axis + 1, ...renumbered.slice(at + 1)],
  };
};

/** x cut into its parts along an axis, that axis gone. */
const parted = (graph: GraphBuilder, x: Tensor, axis: number): Tensor[] => {
  const shape = x.shape.filter((_, i) => i !== axis);
  return graph.split(x, axis).map((part) => graph.reshape(part, shape));
};

/** x [outer, count, size, inner] → [outer, length, inner], windows of dilation 1 added up in rows of one stride. */
const stridedSum = (graph: GraphBuilder, x: Tensor, length: number, stride: number): Tensor => {
  const [outer, count, size, inner] = x.shape;
  const reach = Math.ceil(size / stride);
  const rows = count - 1 + reach;
  const blocks = graph.reshape(resized(graph, x, 2, reach * stride), [outer, count, reach, stride * inner]);
  const terms = parted(graph, blocks, 2).map((part, j) => padded(graph, part, [0, j, 0], [0, reach - 1 - j, 0], 0));
  return resized(graph, graph.reshape(total(graph, terms), [outer, rows * stride, inner]), 1, length);
};

/** The same for any dilation: row o·stride + k·dilation of the result takes element k of window o. */
const dilatedSum = (graph: GraphBuilder, x: Tensor, length: number, stride: number, dilation: number): Tensor => {
  const [outer, count, , inner] = x.shape;
  const terms = parted(graph, x, 2).map((part, k) => {
    const apart = graph.reshape(part, [outer, count, 1, inner]);
    const rows = graph.reshape(resized(graph, apart, 2, stride), [outer, count * stride, inner]);
    const shifted = padded(graph, rows, [0, k * dilation, 0], [0, 0, 0], 0);
    return resized(graph, shifted, 1, length);
  });
  return total(graph, terms);
};

/** Windows of stride 1, wherever their axes stand: the part of element k of all windows is shifted by k·dilation. */
const shiftedSum = (graph: GraphBuilder, x: Tensor, at: number, elements: number, length: number, dilation: number) => {
  const place = at > elements ? at - 1 : at;
  const spare = length - x.shape[at];
  const terms = parted(graph, x, elements).map((part, k) => {
    const low = part.shape.map((_, i) => (i === place ? k * dilation : 0));
    const high = part.shape.map((_, i) => (i === place ? spare - k * dilation : 0));
    return padded(graph, part, low, high, 0);
  });
  return total(graph, terms);
};

export const fold: Lowering<Fold> = (site, [x], { axis, length, stride, dilation }) => {
  const { graph } = site;
  const { order } = site.placed(x);
  const needed = (i: number): boolean => i === axis || i === axis + 1;
  const without = (axes: readonly number[]): number[] =>
    axes.filter((i) => i !== axis + 1).map((i) => (i > axis ? i - 1 : i));
  if (stride === 1) {
    const tensor = site.at(x, order, needed);
    const made = shiftedSum(graph, tensor, order.indexOf(axis), order.indexOf(axis + 1), length, dilation);
    return { tensor: made, order: without(order) };
  }
  // The windows' elements beside their axis.
  const beside = order.filter((i) => i !== axis + 1).flatMap((i) => (i === axis ? [axis, axis + 1] : [i]));
  const tensor = site.at(x, beside, needed);
  const at = beside.indexOf(axis);
  const before = tensor.shape.slice(0, at);
  const after = tensor.shape.slice(at + 2);
  const [count, size] = tensor.shape.slice(at);
  const flat = graph.reshape(tensor, [sizeOf(before), count, size, sizeOf(after)]);
  const made =
    dilation === 1 ? stridedSum(graph, flat, length, stride) : dilatedSum(graph, flat, length, stride, dilation);
  return { tensor: graph.reshape(made, [...before, length, ...after]), order: without(beside) };
};
