/** Tensors that keep float64 values: float32 to TensorFlow.js, the full numbers to diffops. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from './errors.ts';
import { isShape, sizeOf } from './ir/aval.ts';

/** Numbers of any nesting; the shape is read off as `tf.tensor` reads it. */
export type NestedNumbers = number | readonly NestedNumbers[];

type NumericArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | Uint8ClampedArray;

/**
 * The values by the tensor's data, not by the tensor: a clone, a reshaped view or a variable made of it
 * shares the data and so keeps the values.
 */
const kept = new WeakMap<object, Float64Array>();

const inputError = (message: string, fields: Record<string, unknown>): DiffopsError =>
  new DiffopsError('INPUT', message, fields);

/** Appends the numbers below `values` to `flat`; all of them must lie at the depth and in the lengths of `shape`. */
const collect = (values: unknown, shape: readonly number[], depth: number, flat: number[]): void => {
  if (depth === shape.length) {
    if (typeof values !== 'number') {
      throw inputError(`float64 got ${typeof values} where a number is expected; give numbers or nested arrays.`, {
        value: values,
      });
    }
    flat.push(values);
    return;
  }
  if (!Array.isArray(values) || values.length !== shape[depth]) {
    const got = Array.isArray(values) ? `an array of ${values.length}` : typeof values;
    throw inputError(
      `float64 got ${got} at depth ${depth} where ${shape[depth]} elements are expected; rows must be of equal length.`,
      {
        shape,
        depth,
      },
    );
  }
  for (const v of values) collect(v, shape, depth + 1, flat);
};

/** A DataView and arrays of bigints are views too, but not of numbers. */
const isNumericArray = (values: unknown): values is NumericArray =>
  ArrayBuffer.isView(values) && 'length' in values && !/Big/.test(Object.prototype.toString.call(values));

const fromNested = (values: NestedNumbers): { flat: Float64Array; shape: number[] } => {
  const shape: number[] = [];
  for (let level: unknown = values; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat: number[] = [];
  collect(values, shape, 0, flat);
  return { flat: Float64Array.from(flat), shape };
};

/**
 * A `tf.Tensor` (float32 to tfjs) that also keeps its float64 values for diffops: as a leaf of `x` or `data`, or
 * as a constant inside `f`. `values` is a number, nested arrays, or a typed array (copied); `shape` may regroup them.
 */
export const float64 = (values: NestedNumbers | NumericArray, shape?: readonly number[]): tf.Tensor => {
  const given = isNumericArray(values)
    ? { flat: Float64Array.from(values), shape: [values.length] }
    : fromNested(values);
  if (shape !== undefined && !isShape(shape)) {
    throw inputError(`float64 got the shape ${String(shape)}; give an array of integers of at least 0.`, { shape });
  }
  const target = shape === undefined ? given.shape : [...shape];
  const size = sizeOf(target);
  if (size !== given.flat.length) {
    throw inputError(`float64 got ${given.flat.length} values for shape [${target}], which has ${size}.`, {
      length: given.flat.length,
      shape: target,
    });
  }
  const tensor = tf.tensor(Float32Array.from(given.flat), target, 'float32');
  kept.set(tensor.dataId, given.flat);
  return tensor;
};

/** The float64 values of a tensor made by `float64` (not a copy), else undefined. */
export const float64ValuesOf = (tensor: {
  readonly dataId: object;
  readonly dtype: string;
  readonly size: number;
}): Float64Array | undefined => {
  if (tensor.dtype !== 'float32') return undefined;
  const values = kept.get(tensor.dataId);
  return values?.length === tensor.size ? values : undefined;
};
