/** Kernels that read and write at places given by integer tensors. */

import { DiffopsError } from '../../errors.ts';
import { type FloatDtype, type Shape, sizeOf, stridesOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asNumber, axesOf, throughFloat, unsupported } from './operands.ts';

const outside = (kernel: string, index: number, size: number): DiffopsError =>
  new DiffopsError(
    'FUNCTION',
    `${kernel} has the index ${index}, outside of 0 … ${size - 1}. Keep indices inside the axis.`,
    { kernel, index, size },
  );

/**
 * Refuses known indices outside of 0 … size−1, along the last axis one size after the other. Indices that depend on x
 * or data can't be checked here.
 */
const checkRange = (context: KernelContext, kernel: string, indices: Atom, sizes: readonly number[]): void => {
  const data = indices.kind === 'literal' ? [indices.value] : (context.constant(indices)?.data ?? []);
  for (let i = 0; i < data.length; i++) {
    const size = sizes[i % sizes.length];
    if (data[i] < 0 || data[i] >= size) throw outside(kernel, data[i], size);
  }
};

const product = (shape: Shape, from: number, to: number): number => sizeOf(shape.slice(from, to));

/** One gather over all batches: each one's indices are moved to its own rows of the flattened operand. */
export const batchedGather = (ops: Ops, x: Atom, indices: Atom, axis: number, batchDims: number): Atom => {
  const { shape } = x.aval;
  const batch = product(shape, 0, batchDims);
  const outer = product(shape, batchDims, axis);
  const inner = sizeOf(shape.slice(axis + 1));
  const count = sizeOf(indices.aval.shape.slice(batchDims));
  const rows = ops.moveAxis(ops.reshape(x, [batch, outer, shape[axis], inner]), 2, 1);
  const flat = ops.reshape(rows, [batch * shape[axis], outer, inner]);
  const first = ops.mul(ops.iota([batch, count], 0), shape[axis]);
  const places = ops.add(ops.reshape(indices, [batch, count]), first);
  const taken = ops.reshape(ops.gather(flat, ops.reshape(places, [batch * count]), 0), [batch, count, outer, inner]);
  return ops.reshape(ops.moveAxis(taken, 1, 2), [
    ...shape.slice(0, axis),
    ...indices.aval.shape.slice(batchDims),
    ...shape.slice(axis + 1),
  ]);
};

const gather: KernelRule = (context, { x, indices }, attrs: { axis: number; batchDims?: number }) => {
  const { ops } = context;
  const axis = axesOf(attrs.axis, x.aval.shape)[0];
  checkRange(context, 'GatherV2', indices, [x.aval.shape[axis]]);
  const places = ops.cast(indices, 'int32');
  if (attrs.batchDims) return batchedGather(ops, x, places, axis, attrs.batchDims);
  return ops.gather(x, places, axis);
};

/** Row numbers in the first axes of `shape` flattened, from index vectors along the last axis: int32[rows]. */
const flatPlaces = (context: KernelContext, kernel: string, indices: Atom, shape: Shape): Atom => {
  const { ops } = context;
  const last = indices.aval.shape.length - 1;
  const depth = indices.aval.shape[last];
  const rows = product(indices.aval.shape, 0, last);
  const strides = stridesOf(shape.slice(0, depth));
  const vectors = ops.reshape(ops.cast(indices, 'int32'), [rows, depth]);
  if (depth === 0) return ops.literal(0, [rows], 'int32');
  const terms = strides.map((stride, k) => {
    const coordinate = ops.reshape(ops.sliceAxis(vectors, 1, k, k + 1), [rows]);
    return ops.mul(coordinate, stride);
  });
  const places = terms.reduce((sum, term) => ops.add(sum, term));
  checkRange(context, kernel, indices, shape.slice(0, depth));
  return places;
};

const gatherNd: KernelRule = (context, { params, indices }) => {
  const { ops } = context;
  const { shape } = params.aval;
  const depth = indices.aval.shape.at(-1) as number;
  const rest = shape.slice(depth);
  const flat = ops.reshape(params, [product(shape, 0, depth), ...rest]);
  const taken = ops.gather(flat, flatPlaces(context, 'GatherNd', indices, shape), 0);
  return ops.reshape(taken, [...indices.aval.shape.slice(0, -1), ...rest]);
};

/** Coordinates of an index vector; a list of numbers has one each. */
const depthOf = ({ aval: { shape } }: Atom): number => (shape.length > 1 ? shape[shape.length - 1] : 1);

/** Updates added up at their places in zeros of `shape`. */
const scattered = (context: KernelContext, kernel: string, indices: Atom, updates: Atom, shape: Shape): Atom => {
  const { ops } = context;
  const depth = depthOf(indices);
  const rows = sizeOf(indices.aval.shape) / depth;
  const rest = shape.slice(depth);
  const vectors = ops.reshape(indices, [rows, depth]);
  const places = flatPlaces(context, kernel, vectors, shape);
  const flat = ops.reshape(updates, [rows, ...rest]);
  return ops.reshape(ops.scatterAdd(flat, places, 0, product(shape, 0, depth)), shape);
};

const scatterNd: KernelRule = (context, { indices, updates }, { shape }: { shape: number[] }) => {
  return scattered(context, 'ScatterNd', indices, asNumber(context, updates), shape);
};

/** Refuses known indices of which two are equal: the last would win, and scatters here add. */
const checkDistinct = (context: KernelContext, kernel: string, indices: Atom): void => {
  const data = context.constant(indices)?.data;
  const depth = depthOf(indices);
  const seen = new Set<string>();
  for (let i = 0; data && i < data.length; i += depth) {
    const place = data.slice(i, i + depth).join(', ');
    if (seen.has(place)) {
      throw unsupported(
        kernel,
        `[${place}] twice`,
        'which of two updates wins is left open.',
        'Make indices distinct.',
      );
    }
    seen.add(place);
  }
};

/** `before` with updates put in the place of what was there. */
const replaced = (context: KernelContext, kernel: string, before: Atom, indices: Atom, updates: Atom): Atom => {
  const { ops } = context;
  checkDistinct(context, kernel, indices);
  const { shape, dtype } = before.aval;
  // Integers are moved as they are: floats don't hold all of them.
  const old = asNumber(context, before);
  const depth = depthOf(indices);
  const rows = sizeOf(indices.aval.shape) / depth;
  const whole = [rows, ...shape.slice(depth)];
  const values = ops.cast(updates, old.aval.dtype);
  const fresh = values.aval.shape.length === 0 ? ops.broadcast(values, whole, []) : values;
  const written = scattered(context, kernel, indices, fresh, shape);
  const hits = scattered(context, kernel, indices, ops.literal(1, whole, old.aval.dtype), shape);
  return ops.cast(ops.select(ops.binary('gt', hits, 0), written, old), dtype);
};

const tensorScatterUpdate: KernelRule = (context, { tensor, indices, updates }) =>
  replaced(context, 'TensorScatterUpdate', tensor, indices, updates);

const sparseToDense: KernelRule = (
  context,
  { sparseIndices, sparseValues, defaultValue },
  { outputShape }: { outputShape: number[] },
) => {
  const { ops } = context;
  const background = ops.broadcast(ops.reshape(ops.cast(defaultValue, sparseValues.aval.dtype), []), outputShape, []);
  return replaced(context, 'SparseToDense', background, sparseIndices, sparseValues);
};

/** Up to so many elements of one-hot rows, a product with them is faster than adding number by number. */
const LARGEST_ONE_HOT = 1 << 16;

/** Weights added up by value, values that aren't in 0 … size−1 left out; per row for two axes. */
const addedByValue = ({ ops }: KernelContext, x: Atom, weights: Atom, size: number): Atom => {
  const { shape } = x.aval;
  const last = shape.length - 1;
  if (sizeOf(shape) * size <= LARGEST_ONE_HOT) {
    const unit = ops.oneHot(x, size, weights.aval.dtype as FloatDtype);
    const labels = last === 0 ? { lhs: [0, 1], rhs: [0], out: [1] } : { lhs: [2, 0, 1], rhs: [2, 0], out: [2, 1] };
    return ops.dot(unit, weights, labels);
  }
  const flat = [sizeOf(shape)];
  const inside = ops.binary('and', ops.binary('ge', x, 0), ops.binary('lt', x, size));
  const bins = last === 0 ? x : ops.add(x, ops.mul(ops.iota(shape, 0), size));
  const places = ops.reshape(ops.select(inside, bins, -1), flat);
  const bounds = [...shape.slice(0, -1), size];
  return ops.reshape(ops.scatterAdd(ops.reshape(weights, flat), places, 0, sizeOf(bounds)), bounds);
};

const denseBincount: KernelRule = (
  context,
  { x, weights },
  { size, binaryOutput }: { size: number; binaryOutput?: boolean },
) => {
  const { ops, precision } = context;
  const values = ops.cast(x, 'int32');
  const ones = ops.literal(1, x.aval.shape, precision);
  return throughFloat(context, weights, (w) => {
    if (binaryOutput && x.aval.shape.length === 2)
      return ops.binary('min', addedByValue(context, values, ones, size), 1);
    return addedByValue(context, values, sizeOf(w.aval.shape) === 0 ? ones : w, size);
  });
};

/** Over all elements, whatever their shape. */
const bincount: KernelRule = (context, { x, weights }, attrs: { size: number }) => {
  const { ops } = context;
  const inRow = (a: Atom): Atom => ops.reshape(a, [sizeOf(a.aval.shape)]);
  return denseBincount(context, { x: inRow(x), weights: inRow(weights) }, attrs);
};

export const indexing = {
  GatherV2: gather,
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
  TensorScatterUpdate: tensorScatterUpdate,
  SparseToDense: sparseToDense,
  DenseBincount: denseBincount,
  Bincount: bincount,
} satisfies KernelFamily;
