/** What a lowering is: a primitive as calls of TensorFlow.js ops. */

import type * as tf from '@tensorflow/tfjs-core';
import type { TfjsBackend } from '../../device-traits.ts';
import type { Aval, Dtype, Shape, TypedArray } from '../../ir/aval.ts';

/** TensorFlow.js as it was loaded in this thread. */
export type Tf = typeof tf;

/** Where an equation stands: what it takes and gives, and the library. */
export interface Site<P> {
  readonly tf: Tf;
  readonly backend: TfjsBackend;
  readonly params: P;
  readonly inputs: readonly Aval[];
  readonly output: Aval;
  /** A tensor that is there as long as the program is loaded. */
  constant(data: TypedArray, shape: Shape, dtype: Dtype): tf.Tensor;
}

/**
 * Made once, as the program is loaded: what is called in each run. Operands have the equation's shapes, but for uniform
 * ones of elementwise primitives, which have none. The result is a tensor of its own; what else it makes is tidied up.
 */
export type Lowering<P> = (site: Site<P>) => (operands: readonly tf.Tensor[]) => tf.Tensor;
