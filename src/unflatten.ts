/** Vectors and values from a flattened tree, and trees from vectors. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from './errors.ts';
import { float64ValuesOf } from './float64.ts';
import { allocate, type FloatDtype, isFloat, sameShape, type Value } from './ir/aval.ts';
import type { LeafInfo } from './leaf.ts';
import { NdArray } from './nd-array.ts';
import { describe, type Flat, type Structure, type TreeOf, unflattenTree } from './pytree.ts';

type FloatArray = Float32Array | Float64Array;

/** All leaves one after the other, as one vector of `flat.size`. */
export const ravel = (flat: Flat, dtype: FloatDtype): FloatArray => {
  const vector = allocate(dtype, flat.size) as FloatArray;
  for (const leaf of flat.leaves) vector.set(leaf.data, leaf.offset);
  return vector;
};

/** The leaves as a program's inputs: floats in the program's precision, int32 and bool as they are. */
export const valuesOf = (flat: Flat, precision: FloatDtype): Value[] =>
  flat.leaves.map(({ shape, dtype, data }) => {
    if (!isFloat(dtype) || dtype === precision) return { shape, dtype, data };
    return {
      shape,
      dtype: precision,
      data: precision === 'float64' ? Float64Array.from(data) : Float32Array.from(data),
    };
  });

/** The numbers of a vector given as a typed array, a tensor or an NdArray of rank 1. */
const numbersOf = (vector: unknown): FloatArray | undefined => {
  if (vector instanceof Float64Array || vector instanceof Float32Array) return vector;
  if (vector instanceof NdArray) return vector.shape.length === 1 ? vector.data : undefined;
  if (!(vector instanceof tf.Tensor) || vector.rank !== 1 || vector.dtype !== 'float32') return undefined;
  if (vector.isDisposed) {
    throw new DiffopsError('INPUT', 'unflatten got a disposed tensor; pass it before it is disposed.', {});
  }
  return float64ValuesOf(vector) ?? vector.dataSync<'float32'>();
};

const shown = (vector: unknown): string => {
  if (typeof vector !== 'object' || vector === null) return describe(vector);
  const { shape, dtype } = vector as { shape?: unknown; dtype?: unknown };
  return Array.isArray(shape) ? `${dtype} of shape [${shape}]` : describe(vector);
};

/** Part of a vector as a leaf of the kind it was; float64 where the vector or the leaf is. */
const leafFrom = (leaf: LeafInfo, vector: FloatArray): number | FloatArray | NdArray => {
  const part = vector.subarray(leaf.offset, leaf.offset + leaf.size);
  if (leaf.kind === 'number') return part[0];
  const precise = vector instanceof Float64Array || leaf.dtype === 'float64';
  const data = precise ? Float64Array.from(part) : Float32Array.from(part);
  return leaf.kind === 'float32array' || leaf.kind === 'float64array' ? data : new NdArray(leaf.shape, data);
};

/**
 * The public `unflatten`: a vector of n values (float typed array, tensor or NdArray) as a tree like the one that was
 * flattened, with numbers for number leaves, typed arrays for typed arrays, NdArrays for the rest. Throws INPUT for
 * another length.
 */
export const unflattenVector = (flat: Flat, vector: unknown): TreeOf<number | FloatArray | NdArray> => {
  const numbers = numbersOf(vector);
  if (!numbers) {
    throw new DiffopsError(
      'INPUT',
      `unflatten got ${shown(vector)}; give a Float32Array, a Float64Array, or a float tensor of rank 1, of ${flat.size} values.`,
      { limit: flat.size },
    );
  }
  if (numbers.length !== flat.size) {
    throw new DiffopsError(
      'INPUT',
      `unflatten got a vector of length ${numbers.length}; the tree has ${flat.size} elements.`,
      {
        value: numbers.length,
        limit: flat.size,
      },
    );
  }
  return unflattenTree(
    flat.structure,
    flat.leaves.map((leaf) => leafFrom(leaf, numbers)),
  );
};

export const sameStructure = (a: Structure, b: Structure): boolean => {
  if (a.kind === 'leaf') return b.kind === 'leaf';
  if (a.kind === 'null') return b.kind === 'null';
  if (b.kind !== a.kind || a.items.length !== b.items.length) return false;
  if (a.kind === 'object' && b.kind === 'object' && !a.keys.every((key, i) => key === b.keys[i])) return false;
  return a.items.every((item, i) => sameStructure(item, b.items[i]));
};

/**
 * Refuses a tree that doesn't fit what was recorded: another structure, another shape of a leaf, floats for integers.
 * `name` is what the caller calls it, `x` or `data`.
 */
export const checkSameStructure = (recorded: Flat, given: Flat, name: string): void => {
  if (!sameStructure(recorded.structure, given.structure)) {
    const paths = (flat: Flat): string => flat.leaves.map((leaf) => leaf.path).join(', ') || 'none';
    throw new DiffopsError(
      'INPUT',
      `${name} has the leaves ${paths(given)}; the recorded tree has ${paths(recorded)}. Give one of the same structure, empty parts included.`,
      { recorded: paths(recorded), given: paths(given) },
    );
  }
  for (const [i, leaf] of recorded.leaves.entries()) {
    const other = given.leaves[i];
    const sameKind = isFloat(leaf.dtype) ? isFloat(other.dtype) : leaf.dtype === other.dtype;
    if (sameKind && sameShape(leaf.shape, other.shape)) continue;
    const say = ({ dtype, shape }: LeafInfo): string => `${dtype} of shape [${shape}]`;
    throw new DiffopsError(
      'INPUT',
      `${other.path} is ${say(other)}; ${leaf.path} was recorded as ${say(leaf)}. Give the same shape, or record anew.`,
      { path: other.path, shape: other.shape, limit: leaf.shape },
    );
  }
};
