/** `hessianToPytree`: the Hessian matrix as a tree of trees, one block for each pair of leaves. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from './errors.ts';
import { FileMatrix } from './file/file-matrix.ts';
import { float64ValuesOf } from './float64.ts';
import { type Shape, sameShape } from './ir/aval.ts';
import type { LeafInfo } from './leaf.ts';
import { Matrix } from './matrix.ts';
import { NdArray } from './nd-array.ts';
import { describe, flattenTree, unflattenTree } from './pytree.ts';
import type { MapLeaves } from './tree-types.ts';

interface Square {
  readonly shape: Shape;
  readonly data: Float32Array | Float64Array;
}

const squareOf = (H: unknown): Square => {
  if (H instanceof Matrix || H instanceof NdArray) return H;
  if (H instanceof tf.Tensor && H.dtype === 'float32' && !H.isDisposed) {
    return { shape: H.shape, data: float64ValuesOf(H) ?? H.dataSync<'float32'>() };
  }
  if (H instanceof FileMatrix) {
    throw new DiffopsError(
      'INPUT',
      `H is in a file, ${H.path}; if it fits into memory, await H.block([0, ${H.rows}], [0, ${H.columns}]) reads it.`,
      { path: H.path },
    );
  }
  const what = H instanceof tf.Tensor ? `a ${H.isDisposed ? 'disposed' : H.dtype} tensor` : describe(H);
  throw new DiffopsError('INPUT', `H is ${what}; give the Matrix of hessian, an NdArray or a float32 tensor.`, {});
};

/** The block of rows of leaf a and columns of leaf b. */
const blockOf = ({ data }: Square, n: number, a: LeafInfo, b: LeafInfo): NdArray => {
  const block = data instanceof Float64Array ? new Float64Array(a.size * b.size) : new Float32Array(a.size * b.size);
  for (let i = 0; i < a.size; i++) {
    const start = (a.offset + i) * n + b.offset;
    block.set(data.subarray(start, start + b.size), i * b.size);
  }
  return new NdArray([...a.shape, ...b.shape], block);
};

/**
 * A tree like `x` whose leaf a is a tree like `x` whose leaf b is the block ∂²f/∂a∂b, of shape
 * `[...a.shape, ...b.shape]`. Throws INPUT where H isn't n × n.
 */
export const hessianToPytree = <X>(H: Matrix | NdArray | tf.Tensor, x: X): MapLeaves<X, MapLeaves<X, NdArray>> => {
  const { leaves, structure, size: n } = flattenTree(x, { name: 'x', finite: false, differentiated: true });
  const square = squareOf(H);
  if (!sameShape(square.shape, [n, n])) {
    throw new DiffopsError(
      'INPUT',
      `H has shape [${square.shape}], but x has ${n} elements, so it must be [${n}, ${n}]. Pass the x that H was computed for.`,
      { shape: square.shape, limit: [n, n] },
    );
  }
  const rows = leaves.map((a) =>
    unflattenTree(
      structure,
      leaves.map((b) => blockOf(square, n, a, b)),
    ),
  );
  return unflattenTree(structure, rows) as MapLeaves<X, MapLeaves<X, NdArray>>;
};
