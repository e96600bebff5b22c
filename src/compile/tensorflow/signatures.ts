/** How a SavedModel's signatures are called, and what goes in and out: what those who write one and those who run it agree on. */

import { type Aval, bytesOf, isFloat } from '../../ir/aval.ts';

/** One signature runs the program, one takes what the session is to hold. */
export const RUN = 'run';
export const HOLD = 'hold';
export const feedName = (k: number): string => `feed${k}`;
export const resultName = (k: number): string => `result${k}`;

/** Floats from so many bytes on are held by the session, which is given them when they change. */
const LEAST_HELD = 1 << 12;

export const isHeld = (aval: Aval): boolean => isFloat(aval.dtype) && bytesOf(aval) >= LEAST_HELD;

/**
 * An array as TensorFlow.js is given it: the same bytes as int32, or truth values. It knows no float64, and would bring
 * float32 to a GPU and back before a session takes it there.
 */
export const fedAs = ({ dtype, shape }: Aval): Aval => {
  if (dtype === 'bool') return { dtype, shape };
  return { dtype: 'int32', shape: dtype === 'float64' ? [...shape, 2] : shape };
};
