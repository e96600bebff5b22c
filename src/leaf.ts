/** One leaf of a tree: what may be one, and how its numbers are read and copied. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from './errors.ts';
import { float64ValuesOf } from './float64.ts';
import { type Dtype, type Shape, sizeOf, type TypedArray } from './ir/aval.ts';
import { NdArray } from './nd-array.ts';

type LeafKind = 'tensor' | 'number' | 'float32array' | 'float64array' | 'ndarray';

/** A leaf after validation, with a copy of its values. */
export interface LeafInfo {
  /** Where it is, as one would write it: `x.layers[1].bias`. */
  readonly path: string;
  readonly kind: LeafKind;
  readonly shape: Shape;
  /** float64 for numbers, and for tensors that `float64` made. */
  readonly dtype: Dtype;
  readonly data: TypedArray;
  readonly size: number;
  /** Elements of the leaves before it. */
  readonly offset: number;
}

export interface LeafRules {
  /** Refuse NaN and infinities. */
  readonly finite: boolean;
  /** Refuse dtypes that have no derivative. */
  readonly differentiated: boolean;
  readonly offset: number;
}

/** A typed array's class by its tag, which is right across realms too. */
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** Whether a value is of a kind of which some are leaves; `readLeaf` then says why one isn't. */
export const isLeafLike = (value: unknown): boolean =>
  typeof value === 'number' || ArrayBuffer.isView(value) || value instanceof NdArray || value instanceof tf.Tensor;

type Content = Pick<LeafInfo, 'kind' | 'shape' | 'dtype' | 'data'>;

const inputError = (path: string, message: string, fields: Record<string, unknown> = {}): DiffopsError =>
  new DiffopsError('INPUT', `${path} ${message}`, { path, ...fields });

const readTensor = (tensor: tf.Tensor, path: string, differentiated: boolean): Content => {
  if (tensor.isDisposed) {
    throw inputError(path, 'is a disposed tensor; pass it before it is disposed, or use tf.keep inside tf.tidy.');
  }
  const { dtype } = tensor;
  const shape = [...tensor.shape];
  if (dtype === 'float32') {
    const precise = float64ValuesOf(tensor);
    if (precise) return { kind: 'tensor', shape, dtype: 'float64', data: precise.slice() };
    return { kind: 'tensor', shape, dtype, data: Float32Array.from(tensor.dataSync()) };
  }
  if ((dtype === 'int32' || dtype === 'bool') && !differentiated) {
    const values = tensor.dataSync<'int32' | 'bool'>();
    // Any byte but 0 is true to tfjs.
    const data = dtype === 'bool' ? Uint8Array.from(values, (v) => (v === 0 ? 0 : 1)) : Int32Array.from(values);
    return { kind: 'tensor', shape, dtype, data };
  }
  const remedies: Partial<Record<string, string>> = {
    int32: ' Cast it with .toFloat(), or pass it in the option data.',
    bool: ' Cast it with .toFloat(), or pass it in the option data.',
    complex64: ' Pass tf.real(z) and tf.imag(z) as two, and make tf.complex(re, im) of them in f.',
  };
  const remedy = remedies[dtype] ?? '';
  throw inputError(
    path,
    `is a tensor of dtype ${dtype}; it must be float32${differentiated ? '' : ', int32 or bool'}.${remedy}`,
    {
      dtype,
    },
  );
};

const readArray = (array: ArrayBufferView, path: string): Content => {
  switch (tagOf(array)) {
    case 'Float32Array': {
      const data = Float32Array.from(array as Float32Array);
      return { kind: 'float32array', shape: [data.length], dtype: 'float32', data };
    }
    case 'Float64Array': {
      const data = Float64Array.from(array as Float64Array);
      return { kind: 'float64array', shape: [data.length], dtype: 'float64', data };
    }
    default:
      throw inputError(path, `is of type ${tagOf(array)}; make it a Float32Array or a Float64Array, or a tensor.`, {
        value: tagOf(array),
      });
  }
};

const contentOf = (value: unknown, path: string, differentiated: boolean): Content => {
  if (typeof value === 'number') return { kind: 'number', shape: [], dtype: 'float64', data: Float64Array.of(value) };
  if (ArrayBuffer.isView(value)) return readArray(value, path);
  if (value instanceof NdArray) {
    return { kind: 'ndarray', shape: [...value.shape], dtype: value.dtype, data: value.data.slice() };
  }
  return readTensor(value as tf.Tensor, path, differentiated);
};

/** The first element that is NaN or infinite, or −1. A plain loop: a callback per element takes a millisecond for every 20 000 of them, in each evaluation. */
export const firstNonFinite = (data: Content['data']): number => {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
};

/** Reads and copies a leaf. Throws INPUT, naming `path`, for what is none. */
export const readLeaf = (value: unknown, path: string, rules: LeafRules): LeafInfo => {
  const content = contentOf(value, path, rules.differentiated);
  if (rules.finite) {
    const bad = firstNonFinite(content.data);
    if (bad >= 0) {
      throw inputError(
        path,
        `has ${content.data[bad]} at element ${bad}; every value must be finite, or set checkFinite: false.`,
        { value: content.data[bad], index: bad },
      );
    }
  }
  return { path, ...content, size: sizeOf(content.shape), offset: rules.offset };
};
