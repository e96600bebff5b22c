/** slice and pad: a strided part of an array, and an array with values around and between its elements. */

import { sizeOf, stridesOf } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import { inserted } from './batching.ts';
import { expectCount, expectPerAxis, misfit } from './checks.ts';
import type { Primitive } from './primitive.ts';
import { foldSlice, slicedShape } from './slice-pad-folds.ts';
import { walk } from './strided.ts';

type Slice = PrimitiveParams['slice'];
type Pad = PrimitiveParams['pad'];

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
    for (let i = 0; i < shape.length; i++) {
      if (starts[i] <= limits[i] && limits[i] <= shape[i]) continue;
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
  jvp: (ops, _inputs, tangents, { starts, limits, strides }) =>
    tangents[0] && ops.slice(tangents[0], starts, limits, strides),
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
  vmap: (ops, inputs, { starts, limits, strides }, size) => {
    const { value, axis } = inputs[0];
    const at = axis as number;
    return {
      value: ops.slice(value, inserted(starts, at, 0), inserted(limits, at, size), inserted(strides, at, 1)),
      axis: at,
    };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: foldSlice,
};

export const pad: Primitive<Pad> = {
  algebra: 'selection',
  sparsity: 'moved',
  shape: (inputs, { low, high, interior, value }) => {
    expectCount('pad', inputs, 1);
    expectPerAxis('pad', inputs, 'low', low, 0);
    expectPerAxis('pad', inputs, 'high', high, 0);
    expectPerAxis('pad', inputs, 'interior', interior, 0);
    if (typeof value !== 'number') throw misfit('pad', inputs, `its value ${value} is no number`);
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
  jvp: (ops, _inputs, tangents, { low, high, interior }) => tangents[0] && ops.pad(tangents[0], low, high, interior),
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
  fold: (ops, inputs, { low, high, interior, value }, output) => {
    const x = inputs[0];
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
