/** Engines in native code, and TensorFlow.js, refuse memory that threads share, or don't know it for what it is. */

import type { TypedArray } from '../ir/aval.ts';

/** The array, or a copy of it in memory of this thread's own. */
export const unshared = (data: TypedArray): TypedArray =>
  data.buffer instanceof SharedArrayBuffer ? data.slice() : data;
