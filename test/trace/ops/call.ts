/** A call of a public function of tfjs, as a user would write it in a recorded function. */

import type * as tf from '@tensorflow/tfjs';
import type { Input } from '../kernels/case.ts';

// biome-ignore lint/suspicious/noExplicitAny: each function has operands of its own ranks
export type Compute = (...operands: any[]) => tf.Tensor | tf.Tensor[];

export interface Call {
  readonly inputs: readonly Input[];
  readonly f: Compute;
  /** Whether it has derivatives at this point that differences agree with. */
  readonly smooth: boolean;
  /** tfjs' own result is known to be another: why. */
  readonly differs?: string;
  /** What tfjs takes for the gradient isn't it: why. */
  readonly otherGradient?: string;
}

/** By the function's name, with its namespace but for `tf`: `linalg.qr`. */
export type Calls = Readonly<Record<string, readonly Call[]>>;

export const call = (inputs: readonly Input[], f: Compute): Call => ({ inputs, f, smooth: true });

/** A call on whose value differences say nothing: steps, ties, whole numbers. */
export const stepped = (inputs: readonly Input[], f: Compute): Call => ({ inputs, f, smooth: false });
