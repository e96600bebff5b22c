/** Lowerings of what moves elements: reshape, broadcast, permute, reverse, roll, slice, pad, concat. */

import type * as tf from '@tensorflow/tfjs-core';
import { type Dtype, type Shape, sizeOf, stridesOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import type { Lowering, Site, Tf } from './lowering.ts';

export const shaped = (tf: Tf, x: tf.Tensor, shape: Shape): tf.Tensor => tf.reshape(x, shape as number[]);

/** The axes of a permutation in as few as move together; backends have no transposes of many axes. */
export const joinedAxes = (shape: Shape, permutation: readonly number[]): { shape: number[]; order: number[] } => {
  const runs: { first: number; length: number }[] = [];
  let last = Number.NaN;
  for (const axis of permutation.filter((i) => shape[i] !== 1)) {
    // Axes of length 1 between two that move together don't part them.
    const between = shape.slice(last + 1, axis);
    const run = runs.at(-1);
    if (run && axis > last && between.every((d) => d === 1)) run.length *= shape[axis];
    else runs.push({ first: axis, length: shape[axis] });
    last = axis;
  }
  const sorted = [...runs].sort((a, b) => a.first - b.first);
  return { shape: sorted.map(({ length }) => length), order: runs.map((run) => sorted.indexOf(run)) };
};

/** Some kernels of backends go wrong, without a word, on tensors of more axes than this. */
export const MOST_AXES = 4;

/** Along one axis after another, each time as [before, along, after]. */
const alongEach = (
  tf: Tf,
  x: tf.Tensor,
  axes: readonly number[],
  call: (flat: tf.Tensor, axis: number) => tf.Tensor,
): tf.Tensor =>
  axes.reduce<tf.Tensor>((whole, axis) => {
    const before = whole.shape.slice(0, axis);
    const after = whole.shape.slice(axis + 1);
    const made = call(shaped(tf, whole, [sizeOf(before), whole.shape[axis], sizeOf(after)]), axis);
    return shaped(tf, made, [...before, made.shape[1] as number, ...after]);
  }, x);

/** For each element of a permuted array, where it was. */
const sources = (shape: Shape, permutation: readonly number[]): Int32Array => {
  const own = stridesOf(shape);
  const result = permutation.map((axis) => shape[axis]);
  const strides = stridesOf(result);
  return Int32Array.from({ length: sizeOf(shape) }, (_, i) =>
    permutation.reduce((sum, axis, k) => sum + (Math.floor(i / strides[k]) % result[k]) * own[axis], 0),
  );
};

/** Permutes the axes of a tensor of that shape and dtype. */
export const permuted = (
  { tf, constant }: Pick<Site<unknown>, 'tf' | 'constant'>,
  dtype: Dtype,
  shape: Shape,
  permutation: readonly number[],
): ((x: tf.Tensor) => tf.Tensor) => {
  const joined = joinedAxes(shape, permutation);
  const result = permutation.map((axis) => shape[axis]);
  if (joined.order.every((axis, i) => axis === i)) return (x) => shaped(tf, x, result);
  if (dtype === 'float32') return (x) => shaped(tf, tf.transpose(shaped(tf, x, joined.shape), joined.order), result);
  // WebGPU's transposes have float32 alone (4.22).
  const size = sizeOf(shape);
  const places = constant(sources(joined.shape, joined.order), [size], 'int32') as tf.Tensor1D;
  return (x) => shaped(tf, tf.gather(shaped(tf, x, [size]), places), result);
};

export const reshape: Lowering<PrimitiveParams['reshape']> =
  ({ tf, params: { shape } }) =>
  ([x]) =>
    shaped(tf, x, shape);

export const broadcast: Lowering<PrimitiveParams['broadcast']> = ({ tf, inputs: [{ shape: own }], params }) => {
  const { shape, axes } = params;
  const held = shape.map((_, axis) => (axes.includes(axis) ? own[axes.indexOf(axis)] : 1));
  const repeats = shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
  const repeated = repeats.flatMap((n, axis) => (n > 1 ? [axis] : []));
  return ([x]) => {
    const small = shaped(tf, x, held);
    if (shape.length <= MOST_AXES) return repeated.length === 0 ? small : tf.tile(small, repeats);
    return alongEach(tf, small, repeated, (flat, axis) => tf.tile(flat, [1, repeats[axis], 1]));
  };
};

export const permute: Lowering<PrimitiveParams['permute']> = (site) => {
  const { shape, dtype } = site.inputs[0];
  const move = permuted(site, dtype, shape, site.params.permutation);
  return ([x]) => move(x);
};

export const reverse: Lowering<PrimitiveParams['reverse']> =
  ({ tf, params: { axes } }) =>
  ([x]) =>
    alongEach(tf, x, axes, (flat) => tf.reverse(flat, 1));

export const roll: Lowering<PrimitiveParams['roll']> =
  ({ tf, params: { axis, shift } }) =>
  ([x]) =>
    alongEach(tf, x, [axis], (flat) => {
      const back = tf.slice(flat, [0, shift, 0], [-1, -1, -1]);
      return tf.concat([back, tf.slice(flat, [0, 0, 0], [-1, shift, -1])], 1);
    });

/** Not the library's strided slices, of which WebAssembly's give zeros for whole numbers (4.22): a gather per strided axis. */
export const slice: Lowering<PrimitiveParams['slice']> = ({ tf, inputs, params, output, constant }) => {
  const { starts, limits, strides } = params;
  const strided = strides.flatMap((stride, axis) => {
    const count = output.shape[axis];
    if (stride === 1 || count === 1) return [];
    return [
      {
        axis,
        places: constant(
          Int32Array.from({ length: count }, (_, i) => i * stride),
          [count],
          'int32',
        ),
      },
    ];
  });
  const sizes = starts.map((start, axis) => (output.shape[axis] === 1 ? 1 : limits[axis] - start));
  const cut = sizes.flatMap((size, axis) => (size < inputs[0].shape[axis] ? [axis] : []));
  const few = sizes.length <= MOST_AXES;
  return ([x]) => {
    const sliced = few
      ? tf.slice(x, starts as number[], sizes)
      : alongEach(tf, x, cut, (flat, axis) => tf.slice(flat, [0, starts[axis], 0], [-1, sizes[axis], -1]));
    return strided.reduce<tf.Tensor>(
      (whole, { axis, places }) => alongEach(tf, whole, [axis], (flat) => tf.gather(flat, places as tf.Tensor1D, 1)),
      sliced,
    );
  };
};

/** x [outer, length, inner] with `count` values between neighbours along its middle axis. */
const spread = (tf: Tf, x: tf.Tensor, count: number, value: number): tf.Tensor => {
  const [outer, length, inner] = x.shape;
  if (length < 2) return x;
  const columns = shaped(tf, x, [outer * length, 1, inner]);
  const after: [number, number][] = [
    [0, 0],
    [0, count],
    [0, 0],
  ];
  const apart = shaped(tf, tf.pad(columns, after, value), [outer, length * (1 + count), inner]);
  return tf.slice(apart, [0, 0, 0], [outer, length * (1 + count) - count, inner]);
};

export const pad: Lowering<PrimitiveParams['pad']> = ({ tf, params: { low, high, interior, value } }) => {
  const sides = low.map((before, axis): [number, number] => [before, high[axis]]);
  const apart = interior.flatMap((count, axis) => (count > 0 ? [axis] : []));
  const around = sides.flatMap(([before, after], axis) => (before + after > 0 ? [axis] : []));
  return ([x]) => {
    const wide = alongEach(tf, x, apart, (flat, axis) => spread(tf, flat, interior[axis], value));
    if (sides.length <= MOST_AXES) return tf.pad(wide, sides, value);
    return alongEach(tf, wide, around, (flat, axis) => tf.pad(flat, [[0, 0], sides[axis], [0, 0]], value));
  };
};

export const concat: Lowering<PrimitiveParams['concat']> = ({ tf, inputs, params: { axis }, output }) => {
  const outer = sizeOf(output.shape.slice(0, axis));
  const widths = inputs.map(({ shape }) => sizeOf(shape) / outer);
  return (operands) => {
    const parts = operands.flatMap((x, k) => (widths[k] > 0 ? [shaped(tf, x, [outer, widths[k]])] : []));
    return shaped(tf, tf.concat(parts, 1), output.shape);
  };
};
