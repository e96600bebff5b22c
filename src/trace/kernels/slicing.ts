/** Kernels that cut tensors into parts and join parts. */

import { backend_util, type StridedSliceAttrs, slice_util } from '@tensorflow/tfjs-core';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelInputs, KernelRule } from '../kernel.ts';
import { axesOf, promoted } from './operands.ts';

const slice: KernelRule = ({ ops }, { x }, { begin, size }: { begin: number | number[]; size: number | number[] }) => {
  const [starts, sizes] = slice_util.parseSliceParams({ shape: [...x.aval.shape] } as never, begin, size);
  slice_util.assertParamsValid({ shape: [...x.aval.shape] } as never, starts, sizes);
  return ops.slice(
    x,
    starts,
    starts.map((start, i) => start + sizes[i]),
  );
};

/** A negative stride is a slice by its size from the low end, reversed. */
const stridedSlice: KernelRule = ({ ops }, { x }, attrs: StridedSliceAttrs) => {
  const { shape } = x.aval;
  const info = slice_util.sliceInfo(
    [...shape],
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
  if (info.finalShape.includes(0)) return ops.literal(0, info.finalShape, x.aval.dtype);
  const starts: number[] = [];
  const limits: number[] = [];
  const backward: number[] = [];
  for (const [axis, stride] of info.strides.entries()) {
    const begin = info.begin[axis];
    const count = Math.ceil((info.end[axis] - begin) / stride);
    const last = begin + (count - 1) * stride;
    if (stride < 0) backward.push(axis);
    starts.push(Math.min(begin, last));
    limits.push(Math.max(begin, last) + 1);
  }
  const cut = ops.slice(x, starts, limits, info.strides.map(Math.abs));
  return ops.reshape(ops.reverse(cut, backward), info.finalShape);
};

/** All operands in the widest of their dtypes. */
const alike = (context: KernelContext, inputs: KernelInputs): Atom[] => {
  const all = Object.values(inputs);
  const widest = all.reduce((wide, x) => promoted(context, wide, x)[0]);
  return all.map((x) => context.ops.cast(x, widest.aval.dtype));
};

const joined = ({ ops }: KernelContext, parts: readonly Atom[], axis: number): Atom =>
  parts.length === 1 ? parts[0] : ops.concat(parts, axis);

const concat: KernelRule = (context, inputs, { axis }: { axis: number }) => {
  const all = alike(context, inputs);
  const at = axesOf(axis, all[0].aval.shape)[0];
  const present = all.filter((x) => x.aval.shape[at] > 0);
  return present.length === 0 ? all[0] : joined(context, present, at);
};

const pack: KernelRule = (context, inputs, { axis }: { axis: number }) => {
  const all = alike(context, inputs);
  const rank = all[0].aval.shape.length + 1;
  const at = axis < 0 ? axis + rank : axis;
  const expanded = all.map((x) => context.ops.reshape(x, x.aval.shape.toSpliced(at, 0, 1)));
  return joined(context, expanded, at);
};

const unpack: KernelRule = ({ ops }, { value }, { axis }: { axis: number }) => {
  const at = axesOf(axis, value.aval.shape)[0];
  const shape = value.aval.shape.toSpliced(at, 1);
  return Array.from({ length: value.aval.shape[at] }, (_, i) => ops.reshape(ops.sliceAxis(value, at, i, i + 1), shape));
};

const splitV: KernelRule = (
  { ops },
  { x },
  { numOrSizeSplits, axis }: { numOrSizeSplits: number | number[]; axis: number },
) => {
  const at = axesOf(axis, x.aval.shape)[0];
  const sizes = backend_util.prepareSplitSize({ shape: [...x.aval.shape] } as never, numOrSizeSplits, at);
  let start = 0;
  return sizes.map((size) => {
    const part = ops.sliceAxis(x, at, start, start + size);
    start += size;
    return part;
  });
};

export const slicing = {
  Slice: slice,
  StridedSlice: stridedSlice,
  Concat: concat,
  Pack: pack,
  Unpack: unpack,
  SplitV: splitV,
} satisfies KernelFamily;
