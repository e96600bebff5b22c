/** What slices and sums of pads simplify to: parts of what the operand was made of. */

import { type Aval, type Shape, sameShape } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import type { Atom, Equation } from '../ir/program.ts';
import type { Ops } from './ops.ts';
import { partsOf } from './parts.ts';

type Slice = PrimitiveParams['slice'];
type Pad = PrimitiveParams['pad'];

export const slicedShape = ({ starts, limits, strides }: Slice): number[] => {
  const shape: number[] = [];
  for (let i = 0; i < starts.length; i++) shape.push(Math.max(0, Math.ceil((limits[i] - starts[i]) / strides[i])));
  return shape;
};

/** The last element that a slice takes along an axis. */
const lastOf = ({ starts, strides }: Slice, axis: number, length: number): number =>
  starts[axis] + (length - 1) * strides[axis];

const sliceOfSlice = (ops: Ops, { inputs, params }: Equation, outer: Slice): Atom => {
  const inner = params as unknown as Slice;
  const lengths = slicedShape(outer);
  const starts = outer.starts.map((start, i) => inner.starts[i] + start * inner.strides[i]);
  const strides = outer.strides.map((stride, i) => stride * inner.strides[i]);
  const limits = starts.map((start, i) => (lengths[i] === 0 ? start : start + (lengths[i] - 1) * strides[i] + 1));
  return ops.slice(inputs[0], starts, limits, strides);
};

/** The slice taken from the one part of a concat or a roll in which it lies. */
const sliceOfParts = (ops: Ops, maker: Equation, slice: Slice, shape: Shape): Atom | undefined => {
  const axis = maker.params.axis as number;
  const last = lastOf(slice, axis, shape[axis]);
  const part = partsOf(maker).find(({ first, limit }) => slice.starts[axis] >= first && last < limit);
  return (
    part &&
    ops.slice(
      maker.inputs[part.operand],
      slice.starts.map((v, i) => (i === axis ? v + part.by : v)),
      slice.limits.map((v, i) => (i === axis ? Math.min(v, part.limit) + part.by : v)),
      slice.strides,
    )
  );
};

/** The slice taken from a pad's operand, or its value, if it lies inside or outside of that. */
const sliceOfPad = (ops: Ops, { inputs, params }: Equation, slice: Slice, shape: Shape): Atom | undefined => {
  const { low, interior, value } = params as unknown as Pad;
  const [x] = inputs;
  const end = x.aval.shape.map((d, i) => low[i] + (d - 1) * (interior[i] + 1));
  const last = shape.map((d, i) => lastOf(slice, i, d));
  if (slice.starts.some((start, i) => last[i] < low[i] || start > end[i])) {
    return ops.literal(value, shape, x.aval.dtype);
  }
  const inside = slice.starts.every((start, i) => interior[i] === 0 && start >= low[i] && last[i] <= end[i]);
  if (!inside) return undefined;
  return ops.slice(
    x,
    slice.starts.map((v, i) => v - low[i]),
    last.map((v, i) => v + 1 - low[i]),
    slice.strides,
  );
};

const sliceOfBroadcast = (ops: Ops, { inputs, params }: Equation, slice: Slice, shape: Shape): Atom => {
  const axes = params.axes as readonly number[];
  const pick = (values: readonly number[]): number[] => axes.map((i) => values[i]);
  return ops.broadcast(ops.slice(inputs[0], pick(slice.starts), pick(slice.limits), pick(slice.strides)), shape, axes);
};

export const foldSlice = (ops: Ops, inputs: readonly Atom[], params: Slice, { shape }: Aval): Atom | undefined => {
  const x = inputs[0];
  if (x.kind === 'literal') return ops.literal(x.value, shape, x.aval.dtype);
  if (sameShape(shape, x.aval.shape)) return x;
  if (shape.includes(0)) return ops.literal(0, shape, x.aval.dtype);
  const maker = ops.maker(x);
  switch (maker?.primitive) {
    case 'slice':
      return sliceOfSlice(ops, maker, params);
    case 'concat':
    case 'roll':
      return sliceOfParts(ops, maker, params, shape);
    case 'pad':
      return sliceOfPad(ops, maker, params, shape);
    case 'broadcast':
      return sliceOfBroadcast(ops, maker, params, shape);
    default:
      return undefined;
  }
};

/** The one axis along which an equation pads with zeros around its operand, if that is all it does. */
const paddedAxis = (maker: Equation | undefined): number | undefined => {
  if (maker?.primitive !== 'pad') return undefined;
  const { low, high, interior, value } = maker.params as unknown as Pad;
  if (value !== 0 || interior.some((n) => n !== 0)) return undefined;
  const axes = low.map((_, i) => i).filter((i) => low[i] + high[i] > 0);
  return axes.length === 1 ? axes[0] : undefined;
};

/**
 * The sum of two arrays padded with zeros so that they don't overlap, as one after the other: the gradient of
 * a split is then one concat, not a sum of pads.
 */
export const sumOfPads = (ops: Ops, x: Atom, y: Atom): Atom | undefined => {
  const a = ops.maker(x);
  if (a?.primitive !== 'pad') return undefined;
  const b = ops.maker(y);
  const axis = paddedAxis(a);
  if (!b || axis === undefined || paddedAxis(b) !== axis) return undefined;
  const lowOf = ({ params }: Equation): number => (params as unknown as Pad).low[axis];
  const [first, second] = lowOf(a) <= lowOf(b) ? [a, b] : [b, a];
  const { shape } = first.inputs[0].aval;
  const gap = lowOf(second) - lowOf(first) - shape[axis];
  if (gap < 0) return undefined;
  // Parts that were joined before stay parts of one concat.
  const parts = ({ inputs: [part] }: Equation): readonly Atom[] => {
    const maker = ops.maker(part);
    return maker?.primitive === 'concat' && maker.params.axis === axis ? maker.inputs : [part];
  };
  const between = ops.literal(0, shape.with(axis, gap), x.aval.dtype);
  const joined = ops.concat([...parts(first), ...(gap > 0 ? [between] : []), ...parts(second)], axis);
  const low = shape.map((_, i) => (i === axis ? lowOf(first) : 0));
  const high = shape.map((_, i) => (i === axis ? (second.params as unknown as Pad).high[axis] : 0));
  return ops.pad(joined, low, high);
};
