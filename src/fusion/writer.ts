/** How the values of a nest are written out, one operation after the other. */

import type { FloatDtype } from '../ir/aval.ts';
import type { NestOp } from './kernel.ts';

/** A value inside a nest. */
export type V = number;

/** How a nest's values are written out, in one float dtype. */
export interface Writer {
  readonly dtype: FloatDtype;
  constant(value: number): V;
  op(op: NestOp, ...operands: V[]): V;
  /** A truth value. */
  test(op: NestOp, ...operands: V[]): V;
}
