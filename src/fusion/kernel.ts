/** Fused loops as plain data: what one nest of loops reads, computes and writes. */

import type { Dtype } from '../ir/aval.ts';
import type { PrimitiveName } from '../ir/params.ts';

/**
 * An operation inside a nest: a primitive that works element by element; 2^n of a whole number; the exponent of a
 * positive number as a float, and its significand in [1, 2); the greater or the lesser of two, which is the first where
 * either is NaN; what half turns leave of a float32 argument of a sine, or of a cosine; and the sine or the cosine of
 * the first where that is far out, elsewhere the second.
 */
export type NestOp =
  | PrimitiveName
  | 'pow2'
  | 'exponent'
  | 'significand'
  | 'at_least'
  | 'at_most'
  | 'turned'
  | 'turned_quarter'
  | 'far_sin'
  | 'far_cos';

/**
 * A value inside a nest; its operands stand before it in the list. `steps`: by how many elements a place moves when
 * a loop goes on. Where a place starts differs from call to call, so it isn't part of the nest.
 */
export type Node =
  | { readonly kind: 'load'; readonly dtype: Dtype; readonly steps: readonly number[] }
  /** The element `index · scale` further on; 0 if the index isn't in [0, size). */
  | {
      readonly kind: 'gather';
      readonly dtype: Dtype;
      readonly steps: readonly number[];
      readonly index: number;
      readonly scale: number;
      readonly size: number;
    }
  | { readonly kind: 'constant'; readonly dtype: Dtype; readonly value: number }
  /** A whole number that counts with the loops. */
  | { readonly kind: 'count'; readonly dtype: 'int32'; readonly steps: readonly number[] }
  | { readonly kind: 'op'; readonly op: NestOp; readonly dtype: Dtype; readonly operands: readonly number[] };

/** What becomes of the result: stored; combined over the loops from `kept` on and then stored; or added to what is there. */
export type Ending = 'store' | 'reduce_sum' | 'reduce_max' | 'reduce_min' | 'accumulate';

/** A nest of loops, the last one innermost. */
export interface Kernel {
  readonly ending: Ending;
  readonly nodes: readonly Node[];
  readonly result: number;
  /** Loops that the result keeps; the others are combined. */
  readonly kept: number;
  readonly loops: number;
  /** The loop along which vectors lie; −1: none, elements are computed one by one. */
  readonly along: number;
  /** Of the stored element. */
  readonly steps: readonly number[];
  /** Where the element is stored at an index: so many elements further on per index, dropped if it isn't in [0, size). */
  readonly scatter?: { readonly index: number; readonly scale: number; readonly size: number };
}

/** One run of a kernel. Places are elements of buffers. */
export interface Call {
  readonly kernel: number;
  readonly extents: readonly number[];
  readonly target: number;
  readonly element: number;
  /** Of each node that starts somewhere, in order: in which buffer, and at which element; of a count, −1 and a number. */
  readonly sources: readonly number[];
  readonly starts: readonly number[];
}

/** An array in memory. Buffers of inputs come first, one per input, then those of constants. */
export interface Buffer {
  readonly dtype: Dtype;
  readonly size: number;
}

/** A program as a list of calls of few kernels. */
export interface Fused {
  readonly kernels: readonly Kernel[];
  readonly calls: readonly Call[];
  readonly buffers: readonly Buffer[];
  /** Numbers that are read from memory. */
  readonly constants: readonly number[];
  /** The buffer of each output; undefined for one without elements. */
  readonly outputs: readonly (number | undefined)[];
}
