/** Softmax along one axis. */

import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, axesOf } from './operands.ts';
import { steadyMaximum } from './reduction.ts';

/** A value that lacks `axis`, repeated along it to the shape of `like`. */
const along = ({ ops }: KernelContext, reduced: Atom, like: Atom, axis: number): Atom =>
  ops.broadcast(
    reduced,
    like.aval.shape,
    like.aval.shape.map((_, i) => i).filter((i) => i !== axis),
  );

const shifted = (context: KernelContext, x: Atom, axis: number): Atom =>
  context.ops.sub(x, along(context, steadyMaximum(context, x, [axis]), x, axis));

const softmax: KernelRule = (context, { logits }, { dim }: { dim: number }) => {
  const { ops } = context;
  const axis = axesOf(dim, logits.aval.shape)[0];
  const exponentials = ops.unary('exp', shifted(context, asFloat(context, logits), axis));
  return ops.div(exponentials, along(context, ops.sum(exponentials, [axis]), exponentials, axis));
};

export const softmaxes = { Softmax: softmax } satisfies KernelFamily;
