/** windows and fold: strided patches along an axis, and their overlapping sum, its transpose. */

import { type Shape, sizeOf, stridesOf } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import { isZero } from '../ir/program.ts';
import { past } from './batching.ts';
import { expectAxis, expectCount, expectDtype, misfit } from './checks.ts';
import { NUMBER } from './elementwise.ts';
import type { Primitive } from './primitive.ts';
import { walk } from './strided.ts';

/** How many windows fit. */
const windowCount = (length: number, size: number, stride: number, dilation: number): number =>
  Math.floor((length - (size - 1) * dilation - 1) / stride) + 1;

/** Strides over [.., O, size, ..] of an array [.., length, ..]: where window o has its element k. */
const windowStrides = (shape: Shape, axis: number, stride: number, dilation: number): number[] => {
  const own = stridesOf(shape);
  return [...own.slice(0, axis), own[axis] * stride, own[axis] * dilation, ...own.slice(axis + 1)];
};

const whole = (v: number, least: number): boolean => Number.isInteger(v) && v >= least;

export const windows: Primitive<PrimitiveParams['windows']> = {
  algebra: 'selection',
  sparsity: 'moved',
  shape: (inputs, { axis, size, stride, dilation }) => {
    expectCount('windows', inputs, 1);
    expectAxis('windows', inputs, axis);
    const { shape, dtype } = inputs[0];
    const count = windowCount(shape[axis], size, stride, dilation);
    if (!whole(size, 1) || !whole(stride, 1) || !whole(dilation, 1) || count < 1) {
      throw misfit(
        'windows',
        inputs,
        `no window of ${size} (stride ${stride}, dilation ${dilation}) fits axis ${axis}`,
      );
    }
    return { shape: [...shape.slice(0, axis), count, size, ...shape.slice(axis + 1)], dtype };
  },
  evaluate: ([x], { axis, stride, dilation }, output) =>
    walk(
      'copy',
      output.shape,
      { data: x.data, offset: 0, strides: windowStrides(x.shape, axis, stride, dilation) },
      { data: output.data, offset: 0, strides: stridesOf(output.shape) },
    ),
  jvp: (ops, _inputs, [tangent], { axis, size, stride, dilation }) =>
    tangent && ops.windows(tangent, axis, size, stride, dilation),
  transpose: (ops, ct, _inputs, { axis, stride, dilation }, [x]) => [
    ops.fold(ct, axis, x.shape[axis], stride, dilation),
  ],
  vmap: (ops, [{ value, axis: batch }], { axis, size, stride, dilation }) => {
    const at = batch as number;
    const moved = past(axis, at);
    return { value: ops.windows(value, moved, size, stride, dilation), axis: at < moved ? at : at + 1 };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [x], { axis, size, stride, dilation }, output) => {
    if (x.kind === 'literal') return ops.literal(x.value, output.shape, x.aval.dtype);
    const untouched =
      (size === 1 && stride === 1) || (output.shape[axis] === 1 && dilation === 1 && size === x.aval.shape[axis]);
    if (untouched) return ops.reshape(x, output.shape);
    return undefined;
  },
};

export const fold: Primitive<PrimitiveParams['fold']> = {
  algebra: 'contraction',
  sparsity: 'summed',
  shape: (inputs, { axis, length, stride, dilation }) => {
    expectCount('fold', inputs, 1);
    expectDtype('fold', inputs, NUMBER);
    expectAxis('fold', inputs, axis);
    expectAxis('fold', inputs, axis + 1);
    const { shape, dtype } = inputs[0];
    const fits = whole(length, 1) && whole(stride, 1) && whole(dilation, 1);
    if (!fits || windowCount(length, shape[axis + 1], stride, dilation) !== shape[axis]) {
      throw misfit('fold', inputs, `its windows (stride ${stride}, dilation ${dilation}) are not those of ${length}`);
    }
    return { shape: [...shape.slice(0, axis), length, ...shape.slice(axis + 2)], dtype };
  },
  evaluate: ([x], { axis, stride, dilation }, output) =>
    walk(
      'add',
      x.shape,
      { data: x.data, offset: 0, strides: stridesOf(x.shape) },
      { data: output.data, offset: 0, strides: windowStrides(output.shape, axis, stride, dilation) },
    ),
  jvp: (ops, _inputs, [tangent], { axis, length, stride, dilation }) =>
    tangent && ops.fold(tangent, axis, length, stride, dilation),
  transpose: (ops, ct, _inputs, { axis, stride, dilation }, [x]) => [
    ops.windows(ct, axis, x.shape[axis + 1], stride, dilation),
  ],
  vmap: (ops, [{ value, axis: batch }], { axis, length, stride, dilation }) => {
    const at = batch as number;
    if (at > axis + 1) return { value: ops.fold(value, axis, length, stride, dilation), axis: at - 1 };
    // Between the windows and their elements it can't stay.
    const to = at === axis + 1 ? 0 : at;
    return { value: ops.fold(ops.moveAxis(value, at, to), axis + 1, length, stride, dilation), axis: to };
  },
  cost: ([x]) => sizeOf(x.shape),
  fold: (ops, [x], { axis, length, stride, dilation }, output) => {
    if (isZero(x)) return ops.literal(0, output.shape, output.dtype);
    const [count, size] = x.aval.shape.slice(axis);
    const untouched = (size === 1 && stride === 1) || (count === 1 && dilation === 1 && size === length);
    return untouched ? ops.reshape(x, output.shape) : undefined;
  },
};
