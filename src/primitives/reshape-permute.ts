/** reshape, permute, reverse, roll: every element moves once. */

import { type Shape, sameShape, sizeOf, stridesOf } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import { inserted, past } from './batching.ts';
import { expectAxes, expectAxis, expectCount, expectShape, misfit } from './checks.ts';
import { relabeled } from './dot-folds.ts';
import type { Primitive } from './primitive.ts';
import { walk } from './strided.ts';

/** Where a batch axis can stand in `shape` so that a reshape to it leaves the axis between the same elements. */
const splitAt = (shape: Shape, before: number): number | undefined => {
  let product = 1;
  for (let i = 0; i <= shape.length; i++) {
    if (product === before) return i;
    product *= shape[i];
  }
  return undefined;
};

export const reshape: Primitive<PrimitiveParams['reshape']> = {
  algebra: 'permutation',
  sparsity: 'moved',
  shape: (inputs, { shape }) => {
    expectCount('reshape', inputs, 1);
    expectShape('reshape', inputs, shape);
    if (sizeOf(shape) !== sizeOf(inputs[0].shape)) throw misfit('reshape', inputs, `[${shape}] has another size`);
    return { shape, dtype: inputs[0].dtype };
  },
  evaluate: ([x], _params, output) => output.data.set(x.data),
  jvp: (ops, _inputs, [tangent], { shape }) => tangent && ops.reshape(tangent, shape),
  transpose: (ops, ct, _inputs, _params, [x]) => [ops.reshape(ct, x.shape)],
  vmap: (ops, [{ value, axis }], { shape }, size) => {
    const from = axis as number;
    const { shape: before } = value.aval;
    const last = from === before.length - 1 && from > 0;
    const to = last ? shape.length : splitAt(shape, sizeOf(before.slice(0, from)));
    if (to !== undefined) return { value: ops.reshape(value, inserted(shape, to, size)), axis: to };
    return { value: ops.reshape(ops.moveAxis(value, from, 0), [size, ...shape]), axis: 0 };
  },
  cost: () => 0,
  fold: (ops, [x], { shape }) => {
    if (x.kind === 'literal') return ops.literal(x.value, shape, x.aval.dtype);
    if (sameShape(x.aval.shape, shape)) return x;
    const maker = ops.maker(x);
    return maker?.primitive === 'reshape' ? ops.reshape(maker.inputs[0], shape) : undefined;
  },
};

export const permute: Primitive<PrimitiveParams['permute']> = {
  algebra: 'permutation',
  sparsity: 'moved',
  shape: (inputs, { permutation }) => {
    expectCount('permute', inputs, 1);
    const { shape, dtype } = inputs[0];
    if (permutation.length !== shape.length || !shape.every((_, i) => permutation.includes(i))) {
      throw misfit('permute', inputs, `[${permutation}] is not a permutation of its axes`);
    }
    return { shape: permutation.map((i) => shape[i]), dtype };
  },
  evaluate: ([x], { permutation }, output) => {
    const strides = stridesOf(x.shape);
    walk(
      'copy',
      output.shape,
      { data: x.data, offset: 0, strides: permutation.map((i) => strides[i]) },
      { data: output.data, offset: 0, strides: stridesOf(output.shape) },
    );
  },
  jvp: (ops, _inputs, [tangent], { permutation }) => tangent && ops.permute(tangent, permutation),
  transpose: (ops, ct, _inputs, { permutation }) => [
    ops.permute(
      ct,
      permutation.map((_, i) => permutation.indexOf(i)),
    ),
  ],
  vmap: (ops, [{ value, axis }], { permutation }) => {
    const at = axis as number;
    const inner = permutation.map((i) => past(i, at));
    return { value: ops.permute(value, inserted(inner, at, at)), axis: at };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [x], { permutation }, output) => {
    if (x.kind === 'literal') return ops.literal(x.value, output.shape, x.aval.dtype);
    const moved = permutation.filter((i) => x.aval.shape[i] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1])) return ops.reshape(x, output.shape);
    const maker = ops.maker(x);
    if (maker?.primitive === 'permute') {
      const inner = maker.params.permutation as readonly number[];
      return ops.permute(
        maker.inputs[0],
        permutation.map((i) => inner[i]),
      );
    }
    if (maker?.primitive === 'broadcast') {
      // The broadcast's operand is permuted, which is smaller.
      const axes = maker.params.axes as readonly number[];
      const places = axes.map((axis) => permutation.indexOf(axis));
      const order = places.map((_, i) => i).sort((i, j) => places[i] - places[j]);
      return ops.broadcast(
        ops.permute(maker.inputs[0], order),
        output.shape,
        order.map((i) => places[i]),
      );
    }
    return maker?.primitive === 'dot' ? relabeled(ops, maker, permutation) : undefined;
  },
};

export const reverse: Primitive<PrimitiveParams['reverse']> = {
  algebra: 'permutation',
  sparsity: 'moved',
  shape: (inputs, { axes }) => {
    expectCount('reverse', inputs, 1);
    expectAxes('reverse', inputs, axes);
    return inputs[0];
  },
  evaluate: ([x], { axes }, output) => {
    const strides = stridesOf(x.shape);
    let offset = 0;
    for (const axis of axes) offset += strides[axis] * (x.shape[axis] - 1);
    walk(
      'copy',
      x.shape,
      { data: x.data, offset, strides: strides.map((s, i) => (axes.includes(i) ? -s : s)) },
      { data: output.data, offset: 0, strides },
    );
  },
  jvp: (ops, _inputs, [tangent], { axes }) => tangent && ops.reverse(tangent, axes),
  transpose: (ops, ct, _inputs, { axes }) => [ops.reverse(ct, axes)],
  vmap: (ops, [{ value, axis }], { axes }) => {
    const at = axis as number;
    return {
      value: ops.reverse(
        value,
        axes.map((i) => past(i, at)),
      ),
      axis: at,
    };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [x], { axes }) => {
    if (x.kind === 'literal') return x;
    const long = axes.filter((i) => x.aval.shape[i] !== 1);
    if (long.length === 0) return x;
    if (long.length < axes.length) return ops.reverse(x, long);
    const maker = ops.maker(x);
    if (maker?.primitive !== 'reverse') return undefined;
    const inner = maker.params.axes as readonly number[];
    const once = [...axes.filter((i) => !inner.includes(i)), ...inner.filter((i) => !axes.includes(i))];
    return ops.reverse(
      maker.inputs[0],
      once.sort((a, b) => a - b),
    );
  },
};

export const roll: Primitive<PrimitiveParams['roll']> = {
  algebra: 'permutation',
  sparsity: 'moved',
  shape: (inputs, { axis, shift }) => {
    expectCount('roll', inputs, 1);
    expectAxis('roll', inputs, axis);
    const length = inputs[0].shape[axis];
    if (!(Number.isInteger(shift) && shift >= 0 && shift < Math.max(1, length))) {
      throw misfit('roll', inputs, `shift ${shift} is not from 0 to ${length - 1}`);
    }
    return inputs[0];
  },
  evaluate: ([x], { axis, shift }, output) => {
    const line = sizeOf(x.shape.slice(axis));
    if (line === 0) return;
    const first = (line / x.shape[axis]) * shift;
    for (let start = 0; start < x.data.length; start += line) {
      output.data.set(x.data.subarray(start + first, start + line), start);
      output.data.set(x.data.subarray(start, start + first), start + line - first);
    }
  },
  jvp: (ops, _inputs, [tangent], { axis, shift }) => tangent && ops.roll(tangent, axis, shift),
  transpose: (ops, ct, _inputs, { axis, shift }) => [ops.roll(ct, axis, -shift)],
  vmap: (ops, [{ value, axis: batch }], { axis, shift }) => ({
    value: ops.roll(value, past(axis, batch as number), shift),
    axis: batch,
  }),
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [x], { axis, shift }) => {
    if (x.kind === 'literal' || shift === 0) return x;
    const maker = ops.maker(x);
    if (maker?.primitive === 'roll' && maker.params.axis === axis) {
      return ops.roll(maker.inputs[0], axis, shift + (maker.params.shift as number));
    }
    if (maker?.primitive !== 'broadcast') return undefined;
    const axes = maker.params.axes as readonly number[];
    const own = axes.indexOf(axis);
    return own < 0 ? x : ops.broadcast(ops.roll(maker.inputs[0], own, shift), x.aval.shape, axes);
  },
};
