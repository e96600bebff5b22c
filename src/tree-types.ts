/** Types of trees by the type of x: what f receives, what results look like. */

import type * as tf from '@tensorflow/tfjs-core';
import type { Matrix } from './matrix.ts';
import type { NdArray } from './nd-array.ts';
import type { Leaf, Tree } from './pytree.ts';

// biome-ignore lint/suspicious/noExplicitAny: where the tree's type is not known, neither are those made from it
type Unknown = any;

/** How many levels of a tree are typed; what lies below (or a recursive type) is of unknown type. */
type Levels = 8;
type Below = [0, 0, 1, 2, 3, 4, 5, 6, 7];

/** The same containers with every leaf replaced by L. */
export type MapLeaves<T, L, N extends number = Levels> = N extends 0
  ? Unknown
  : Tree extends T
    ? Unknown
    : T extends Leaf
      ? L
      : T extends object
        ? { [K in keyof T]: MapLeaves<T[K], L, Below[N]> }
        : T;

/** What f receives for a tree: a tensor for every leaf. */
export type TensorsOf<T, N extends number = Levels> = N extends 0
  ? Unknown
  : Tree extends T
    ? Unknown
    : T extends tf.Tensor
      ? T
      : T extends number
        ? tf.Scalar
        : T extends Float32Array | Float64Array
          ? tf.Tensor1D
          : T extends NdArray
            ? tf.Tensor
            : T extends object
              ? { [K in keyof T]: TensorsOf<T[K], Below[N]> }
              : T;

/** A tree of numbers like x: numbers for numbers, typed arrays for typed arrays, NdArrays for the rest. */
export type LikeX<T, N extends number = Levels> = N extends 0
  ? Unknown
  : Tree extends T
    ? Unknown
    : T extends number
      ? number
      : T extends Float32Array | Float64Array
        ? Float32Array | Float64Array
        : T extends tf.Tensor | NdArray
          ? NdArray
          : T extends object
            ? { [K in keyof T]: LikeX<T[K], Below[N]> }
            : T;

/** A tree like what f returned, with an array for every tensor. */
export type LikeY<Y> = MapLeaves<Y, NdArray>;

/** A matrix for a tensor, a tree of matrices for a tree of tensors; with `out` they are in a file. */
export type JacobianOf<Y, M = Matrix> = MapLeaves<Y, M>;

/** f(x, data) for trees X and D, returning Y. */
export type TensorFunction<X, D, Y> = (x: NoInfer<TensorsOf<X>>, data: NoInfer<TensorsOf<D>>) => Y;
