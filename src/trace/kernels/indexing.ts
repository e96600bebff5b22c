/** Kernels that read and write at places given by integer tensors. */

import { DiffopsError } from '../../errors.ts';
import { type Shape, sizeOf, stridesOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, asNumber, axesOf, throughFloat, unsupported } from './operands.ts';

/** Refuses known indices outside of 0 … size−1. Indices that depend on x or data can't be checked here. */
const checkRange = (context: KernelContext, kernel: string, indices: Atom, size: number): void => {
  const known = indices.kind === 'literal' ? [indices.value] : context.constant(indices)?.data;
  const wrong = known?.find((index) => index < 0 || index >= size);
  if (wrong === undefined) return;
  throw new DiffopsError(
    'FUNCTION',
    `${kernel} has the index ${wrong}, outside of 0 … ${size - 1}. Keep indices inside the axis.`,
    { kernel, index: wrong, size },
  );
};

const product = (shape: Shape, from: number, to: number): number => sizeOf(shape.slice(from, to));

/** One gather over all batches: each one's indices are moved to its own rows of the flattened operand. */
const batchedGather = ({ ops }: KernelContext, x: Atom, indices: Atom, axis: number, batchDims: number): Atom => {
  const { shape } = x.aval;
  const batch = product(shape, 0, batchDims);
  const outer = product(shape, batchDims, axis);
  const inner = sizeOf(shape.slice(axis + 1));
  const count = sizeOf(indices.aval.shape) / batch;
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
  checkRange(context, 'GatherV2', indices, x.aval.shape[axis]);
  const places = ops.cast(indices, 'int32');
  if (attrs.batchDims) return batchedGather(context, x, places, axis, attrs.batchDims);
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
  const data = context.constant(indices)?.data;
  for (let i = 0; data && i < data.length; i++) {
    const size = shape[i % depth];
    checkRange(context, kernel, ops.literal(data[i], [], 'int32'), size);
  }
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

/** Updates added up at their places in zeros of `shape`. */
const scattered = (context: KernelContext, kernel: string, indices: Atom, updates: Atom, shape: Shape): Atom => {
  const { ops } = context;
  const depth = indices.aval.shape.length > 1 ? (indices.aval.shape.at(-1) as number) : 1;
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
  const depth = indices.aval.shape.length > 1 ? (indices.aval.shape.at(-1) as number) : 1;
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
  const { shape } = before.aval;
  return throughFloat(context, before, (old) => {
    const depth = indices.aval.shape.length > 1 ? (indices.aval.shape.at(-1) as number) : 1;
    const rows = sizeOf(indices.aval.shape) / depth;
    const whole = [rows, ...shape.slice(depth)];
    const values = asFloat(context, updates);
    const fresh = values.aval.shape.length === 0 ? ops.broadcast(values, whole, []) : values;
    const written = scattered(context, kernel, indices, fresh, shape);
    const hits = scattered(context, kernel, indices, ops.literal(1, whole, old.aval.dtype), shape);
    return ops.select(ops.binary('gt', hits, 0), written, old);
  });
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

/** Weights (or ones) added up by value, values of `size` and above left out; per row for two axes. */
const denseBincount: KernelRule = (
  context,
  { x, weights },
  { size, binaryOutput }: { size: number; binaryOutput?: boolean },
) => {
  const { ops, precision } = context;
  const unit = ops.oneHot(ops.cast(x, 'int32'), size, precision);
  const last = x.aval.shape.length - 1;
  return throughFloat(context, weights, (w) => {
    if (binaryOutput && last === 1) return ops.reduceMax(unit, [last]);
    if (sizeOf(w.aval.shape) === 0) return ops.sum(unit, [last]);
    const labels = last === 0 ? { lhs: [0, 1], rhs: [0], out: [1] } : { lhs: [2, 0, 1], rhs: [2, 0], out: [2, 1] };
    return ops.dot(unit, w, labels);
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
