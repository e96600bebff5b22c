/** Softmax along one axis. */

import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, axesOf } from './operands.ts';

/** A value that lacks `axis`, repeated along it to the shape of `like`. */
const along = ({ ops }: KernelContext, reduced: Atom, like: Atom, axis: number): Atom =>
  ops.broadcast(
    reduced,
    like.aval.shape,
    like.aval.shape.map((_, i) => i).filter((i) => i !== axis),
  );

/**
 * The maximum rounded to an integer: as a shift of exponents it prevents overflow as well as the maximum does,
 * it cancels all the same, and its derivative is zero, which keeps the maximum out of every derivative.
 */
const steadyMaximum = ({ ops }: KernelContext, x: Atom, axes: readonly number[]): Atom =>
  ops.unary('round', ops.reduceMax(x, axes));

const shifted = (context: KernelContext, x: Atom, axis: number): Atom =>
  context.ops.sub(x, along(context, steadyMaximum(context, x, [axis]), x, axis));

const softmax: KernelRule = (context, { logits }, { dim }: { dim: number }) => {
  const { ops } = context;
  const axis = axesOf(dim, logits.aval.shape)[0];
  const exponentials = ops.unary('exp', shifted(context, asFloat(context, logits), axis));
  return ops.div(exponentials, along(context, ops.sum(exponentials, [axis]), exponentials, axis));
};

export const softmaxes = { Softmax: softmax } satisfies KernelFamily;
