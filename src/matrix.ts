/** The dense result of `hessian` and `jacobian`: a matrix over memory that threads share. */

import type * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from './errors.ts';
import { type FloatDtype, type Shape, sizeOf } from './ir/aval.ts';
import { tensorOf } from './nd-array.ts';

/**
 * `shape` is `[...y.shape, n]`; as a matrix it has one row per flattened output i and one column per input j.
 */
export class Matrix {
  readonly shape: Shape;
  readonly dtype: FloatDtype;
  /** Row-major, over a `SharedArrayBuffer` where the pool made it, or over the first part of one. */
  readonly data: Float32Array | Float64Array;

  /** Wraps `data` (not copied); a matrix of zeros in shared memory where only the dtype is given. */
  constructor(shape: Shape, data: Float32Array | Float64Array | FloatDtype) {
    const size = sizeOf(shape);
    this.shape = [...shape];
    this.data = typeof data === 'string' ? sharedZeros(data, size) : data;
    this.dtype = this.data instanceof Float64Array ? 'float64' : 'float32';
    if (this.data.length !== size) {
      throw new DiffopsError(
        'INPUT',
        `Matrix got ${this.data.length} values for shape [${shape}], which has ${size}.`,
        {
          length: this.data.length,
          shape,
        },
      );
    }
  }

  /** The number of inputs, n. */
  get columns(): number {
    return this.shape[this.shape.length - 1];
  }

  /** The number of flattened outputs, m. */
  get rows(): number {
    return sizeOf(this.shape.slice(0, -1));
  }

  /** The derivative of output i by input j. */
  get(i: number, j: number): number {
    checkIndex('row', i, this.rows);
    checkIndex('column', j, this.columns);
    return this.data[i * this.columns + j];
  }

  /** Row i, as a view of the matrix's own memory. */
  row(i: number): Float32Array | Float64Array {
    checkIndex('row', i, this.rows);
    return this.data.subarray(i * this.columns, (i + 1) * this.columns);
  }

  /** The rows as arrays of numbers, m × n whatever the rank of `shape`. */
  toArray(): number[][] {
    return Array.from({ length: this.rows }, (_, i) => Array.from(this.row(i)));
  }

  /** A new tensor of this shape, for the caller to dispose; float64 values are kept as by `float64`. */
  toTensor(): tf.Tensor {
    return tensorOf(this.shape, this.data);
  }
}

const sharedZeros = (dtype: FloatDtype, size: number): Float32Array | Float64Array =>
  dtype === 'float64'
    ? new Float64Array(new SharedArrayBuffer(size * 8))
    : new Float32Array(new SharedArrayBuffer(size * 4));

const checkIndex = (what: 'row' | 'column', index: number, limit: number): void => {
  if (Number.isInteger(index) && index >= 0 && index < limit) return;
  throw new DiffopsError(
    'INPUT',
    `${what} ${index} is outside of the matrix; give an integer from 0 to ${limit - 1}.`,
    {
      value: index,
      limit,
    },
  );
};
