/** Brings the operands of a tfjs kernel to what primitives take: numbers of one dtype and one shape. */

import { backend_util, util } from '@tensorflow/tfjs-core';
import { DiffopsError } from '../../errors.ts';
import { type Dtype, isFloat, type Shape, sameShape } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext } from '../kernel.ts';

const RANK: Record<Dtype, number> = { bool: 0, int32: 1, float32: 2, float64: 2 };

/** The operands in the wider of their two dtypes. */
export const promoted = ({ ops }: KernelContext, a: Atom, b: Atom): [Atom, Atom] => {
  const wider = RANK[a.aval.dtype] >= RANK[b.aval.dtype] ? a.aval.dtype : b.aval.dtype;
  return [ops.cast(a, wider), ops.cast(b, wider)];
};

/** The operands in one dtype and in the shape that they broadcast to. */
export const matched = (context: KernelContext, a: Atom, b: Atom): [Atom, Atom] => {
  const [x, y] = promoted(context, a, b);
  const common = backend_util.assertAndGetBroadcastShape([...a.aval.shape], [...b.aval.shape]);
  // Mostly it is the shape of one of them: an array that is known.
  const shape = [a.aval.shape, b.aval.shape].find((own) => sameShape(own, common)) ?? common;
  return [context.ops.broadcastTo(x, shape), context.ops.broadcastTo(y, shape)];
};

/** bool as int32; everything else as it is. */
export const asNumber = ({ ops }: KernelContext, x: Atom): Atom => (x.aval.dtype === 'bool' ? ops.cast(x, 'int32') : x);

export const asFloat = ({ ops, precision }: KernelContext, x: Atom): Atom =>
  isFloat(x.aval.dtype) ? x : ops.cast(x, precision);

/** A float function of an operand whose dtype the result takes: tfjs truncates it for int32, and so does this. */
export const throughFloat = (context: KernelContext, x: Atom, f: (x: Atom) => Atom): Atom =>
  isFloat(x.aval.dtype) ? f(x) : context.ops.cast(f(asFloat(context, x)), x.aval.dtype);

/** The one value of a constant operand all of whose elements are equal, else undefined. */
export const uniformValue = (context: KernelContext, x: Atom): number | undefined => {
  if (x.kind === 'literal') return x.value;
  const data = context.constant(x)?.data;
  if (!data || data.length === 0) return undefined;
  return data.every((v) => v === data[0]) ? data[0] : undefined;
};

/** The axes that a kernel's `axis` attribute means, each in 0 … rank−1. */
export const axesOf = (axis: number | number[] | null | undefined, shape: Shape): number[] =>
  util.parseAxisParam(axis as number | number[], [...shape]);

/** A kernel whose operands or attributes are outside of what can be recorded. */
export const unsupported = (kernel: string, value: string, limit: string, remedy: string): DiffopsError =>
  new DiffopsError('UNSUPPORTED_OP', `${kernel} of ${value} can't be recorded: ${limit} ${remedy}`, { kernel, value });
