/** A memory that kernels work on, and what they are. */

import type { OwnMemory } from '../fusion/web-assembly.ts';

/** Addresses and strides are bytes in the memory that the kernels were made with, counts are elements. */
export interface Kernels {
  /** 1 if all of `count` elements at `at` are finite. */
  finite32(at: number, count: number): 0 | 1;
  finite64(at: number, count: number): 0 | 1;
  /** rows × columns elements at `from` are written as columns × rows at `to`. */
  transpose32: Transpose;
  transpose64: Transpose;
  /** `lines` lines of `bytes` bytes, whole words, with strides between them; the two don't overlap. */
  copy(from: number, fromStride: number, to: number, toStride: number, bytes: number, lines: number): void;
}

type Transpose = (
  from: number,
  fromStride: number,
  to: number,
  toStride: number,
  rows: number,
  columns: number,
) => void;

export interface KernelsOverMemory {
  readonly memory: OwnMemory;
  readonly kernels: Kernels;
}
