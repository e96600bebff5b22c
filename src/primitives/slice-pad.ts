/** slice and pad: a strided part of an array, and an array with values around and between its elements. */

import { type Shape, sizeOf, stridesOf } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import type { Atom, Equation } from '../ir/program.ts';
import { inserted } from './batching.ts';
import { expectCount, expectPerAxis, misfit } from './checks.ts';
import type { Ops } from './ops.ts';
import type { Primitive } from './primitive.ts';
import { walk } from './strided.ts';

type Slice = PrimitiveParams['slice'];
type Pad = PrimitiveParams['pad'];

const slicedShape = ({ starts, limits, strides }: Slice): number[] =>
  starts.map((start, i) => Math.max(0, Math.ceil((limits[i] - start) / strides[i])));

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

/** The slice taken from the one operand of a concat in which it lies. */
const sliceOfConcat = (ops: Ops, { inputs, params }: Equation, slice: Slice, shape: Shape): Atom | undefined => {
  const axis = params.axis as number;
  let begin = 0;
  for (const part of inputs) {
    const end = begin + part.aval.shape[axis];
    if (slice.starts[axis] >= begin && lastOf(slice, axis, shape[axis]) < end) {
      const shift = begin;
      return ops.slice(
        part,
        slice.starts.map((v, i) => (i === axis ? v - shift : v)),
        slice.limits.map((v, i) => (i === axis ? Math.min(v, end) - shift : v)),
        slice.strides,
      );
    }
    begin = end;
  }
  return undefined;
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

export const slice: Primitive<Slice> = {
  algebra: 'selection',
  sparsity: 'moved',
  shape: (inputs, params) => {
    expectCount('slice', inputs, 1);
    const { starts, limits, strides } = params;
    expectPerAxis('slice', inputs, 'starts', starts, 0);
    expectPerAxis('slice', inputs, 'limits', limits, 0);
    expectPerAxis('slice', inputs, 'strides', strides, 1);
    const { shape, dtype } = inputs[0];
    if (!shape.every((d, i) => starts[i] <= limits[i] && limits[i] <= d)) {
      throw misfit('slice', inputs, `[${starts}] to [${limits}] is not inside`);
    }
    return { shape: slicedShape(params), dtype };
  },
  evaluate: ([x], { starts, strides }, output) => {
    const own = stridesOf(x.shape);
    walk(
      'copy',
      output.shape,
      {
        data: x.data,
        offset: starts.reduce((sum, start, i) => sum + start * own[i], 0),
        strides: own.map((s, i) => s * strides[i]),
      },
      { data: output.data, offset: 0, strides: stridesOf(output.shape) },
    );
  },
  jvp: (ops, _inputs, [tangent], { starts, limits, strides }) => tangent && ops.slice(tangent, starts, limits, strides),
  transpose: (ops, ct, _inputs, { starts, strides }, [x]) => {
    const { shape } = ct.aval;
    const spread = shape.map((d, i) => (d === 0 ? 0 : (d - 1) * strides[i] + 1));
    const start = starts.map((s, i) => (shape[i] === 0 ? 0 : s));
    return [
      ops.pad(
        ct,
        start,
        x.shape.map((d, i) => d - start[i] - spread[i]),
        strides.map((s) => s - 1),
      ),
    ];
  },
  vmap: (ops, [{ value, axis }], { starts, limits, strides }, size) => {
    const at = axis as number;
    return {
      value: ops.slice(value, inserted(starts, at, 0), inserted(limits, at, size), inserted(strides, at, 1)),
      axis: at,
    };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [x], params, output) => {
    const { shape } = output;
    if (x.kind === 'literal') return ops.literal(x.value, shape, x.aval.dtype);
    if (shape.every((d, i) => d === x.aval.shape[i])) return x;
    if (shape.includes(0)) return ops.literal(0, shape, x.aval.dtype);
    const maker = ops.maker(x);
    switch (maker?.primitive) {
      case 'slice':
        return sliceOfSlice(ops, maker, params);
      case 'concat':
        return sliceOfConcat(ops, maker, params, shape);
      case 'pad':
        return sliceOfPad(ops, maker, params, shape);
      case 'broadcast':
        return sliceOfBroadcast(ops, maker, params, shape);
      default:
        return undefined;
    }
  },
};

export const pad: Primitive<Pad> = {
  algebra: 'selection',
  sparsity: 'moved',
  shape: (inputs, { low, high, interior }) => {
    expectCount('pad', inputs, 1);
    expectPerAxis('pad', inputs, 'low', low, 0);
    expectPerAxis('pad', inputs, 'high', high, 0);
    expectPerAxis('pad', inputs, 'interior', interior, 0);
    const { shape, dtype } = inputs[0];
    return { shape: shape.map((d, i) => low[i] + d + Math.max(0, d - 1) * interior[i] + high[i]), dtype };
  },
  evaluate: ([x], { low, interior, value }, output) => {
    if (value !== 0) output.data.fill(value);
    const own = stridesOf(output.shape);
    walk(
      'copy',
      x.shape,
      { data: x.data, offset: 0, strides: stridesOf(x.shape) },
      {
        data: output.data,
        offset: low.reduce((sum, l, i) => sum + l * own[i], 0),
        strides: own.map((s, i) => s * (interior[i] + 1)),
      },
    );
  },
  // With another value than 0 it is affine: the tangent of the value is 0.
  jvp: (ops, _inputs, [tangent], { low, high, interior }) => tangent && ops.pad(tangent, low, high, interior),
  transpose: (ops, ct, _inputs, { low, interior, value }, [x]) => {
    if (value !== 0) throw misfit('pad', [x], `transpose met it with ${value}, where it is not linear`);
    return [
      ops.slice(
        ct,
        low.map((l, i) => (x.shape[i] === 0 ? 0 : l)),
        low.map((l, i) => (x.shape[i] === 0 ? 0 : l + (x.shape[i] - 1) * (interior[i] + 1) + 1)),
        interior.map((n) => n + 1),
      ),
    ];
  },
  vmap: (ops, [{ value: x, axis }], { low, high, interior, value }) => {
    const at = axis as number;
    return {
      value: ops.pad(x, inserted(low, at, 0), inserted(high, at, 0), inserted(interior, at, 0), value),
      axis: at,
    };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [x], { low, high, interior, value }, output) => {
    if (sizeOf(x.aval.shape) === 0 || (x.kind === 'literal' && Object.is(x.value, value))) {
      return ops.literal(value, output.shape, x.aval.dtype);
    }
    if (output.shape.every((d, i) => d === x.aval.shape[i])) return x;
    const maker = ops.maker(x);
    if (maker?.primitive !== 'pad') return undefined;
    const inner = maker.params as unknown as Pad;
    const plain = [...interior, ...inner.interior].every((n) => n === 0);
    if (!plain || !Object.is(inner.value, value)) return undefined;
    return ops.pad(
      maker.inputs[0],
      low.map((l, i) => l + inner.low[i]),
      high.map((h, i) => h + inner.high[i]),
      interior,
      value,
    );
  },
};
