/** The array of numbers that results are made of: plain data that nobody must dispose. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from './errors.ts';
import { float64 } from './float64.ts';
import { type FloatDtype, isShape, type Shape, sizeOf } from './ir/aval.ts';

/** Row-major float values of a shape. */
export class NdArray {
  readonly shape: Shape;
  readonly dtype: FloatDtype;
  readonly data: Float32Array | Float64Array;

  /** Wraps `data` (not copied); its class gives the dtype. Throws INPUT for other data, or a length that isn't the shape's. */
  constructor(shape: Shape, data: Float32Array | Float64Array) {
    if (!isShape(shape)) {
      throw new DiffopsError(
        'INPUT',
        `NdArray got the shape ${String(shape)}; give an array of integers of at least 0.`,
        {
          shape,
        },
      );
    }
    if (!(data instanceof Float32Array || data instanceof Float64Array)) {
      throw new DiffopsError(
        'INPUT',
        'NdArray takes its values as a Float32Array or a Float64Array, whose class gives the dtype.',
      );
    }
    const size = sizeOf(shape);
    if (data.length !== size) {
      throw new DiffopsError('INPUT', `NdArray got ${data.length} values for shape [${shape}], which has ${size}.`, {
        length: data.length,
        shape,
      });
    }
    this.shape = [...shape];
    this.dtype = data instanceof Float64Array ? 'float64' : 'float32';
    this.data = data;
  }

  /** A new tensor with a copy of the values, for the caller to dispose; float64 values are kept as by `float64`. */
  toTensor(): tf.Tensor {
    return tensorOf(this.shape, this.data);
  }
}

/** A tensor with a copy of `data`: the cpu backend would otherwise share the memory. */
export const tensorOf = (shape: Shape, data: Float32Array | Float64Array): tf.Tensor =>
  data instanceof Float64Array ? float64(data, shape) : tf.tensor(new Float32Array(data), [...shape], 'float32');
