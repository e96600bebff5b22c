/** Reductions over axes: sums, products, extremes, quantifiers, and positions of extremes. */

import { backend_util } from '@tensorflow/tfjs-core';
import { isFloat, sizeOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, asNumber, axesOf } from './operands.ts';

interface ReductionAttrs {
  readonly axis?: number | number[];
  /** What Max alone calls its axes. */
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}

type Reduce = (context: KernelContext, x: Atom, axes: readonly number[]) => Atom;

const reduction =
  (reduce: Reduce): KernelRule =>
  (context, { x }, { axis, reductionIndices, keepDims }: ReductionAttrs) => {
    const axes = axesOf(axis ?? reductionIndices, x.aval.shape).sort((a, b) => a - b);
    const result = reduce(context, x, axes);
    return keepDims
      ? context.ops.reshape(result, backend_util.expandShapeToKeepDim([...result.aval.shape], axes))
      : result;
  };

const sum: Reduce = (context, x, axes) => context.ops.sum(asNumber(context, x), axes);

const mean: Reduce = (context, x, axes) => {
  const count = sizeOf(axes.map((axis) => x.aval.shape[axis]));
  return context.ops.mul(context.ops.sum(asFloat(context, x), axes), 1 / count);
};

/**
 * The maximum rounded to an integer: as a shift of exponents it prevents overflow as well as the maximum does,
 * it cancels all the same, and its derivative is zero, which keeps the maximum out of every derivative.
 */
export const steadyMaximum = ({ ops }: KernelContext, x: Atom, axes: readonly number[]): Atom =>
  ops.unary('round', ops.reduceMax(x, axes));

/** The ops of tfjs in which a maximum is such a shift and nothing else. */
const SHIFTING: ReadonlySet<string | undefined> = new Set(['logSumExp', 'logSoftmax', 'softmaxCrossEntropy']);

const maximum: Reduce = (context, x, axes) =>
  SHIFTING.has(context.ops.scope) && isFloat(x.aval.dtype)
    ? steadyMaximum(context, x, axes)
    : extreme('reduceMax')(context, x, axes);

/** Ties share the derivative equally, as in jnp.max. */
const extreme =
  (name: 'reduceMax' | 'reduceMin'): Reduce =>
  (context, x, axes) =>
    context.ops.cast(context.ops[name](asNumber(context, x), axes), x.aval.dtype);

const quantifier =
  (name: 'reduceMax' | 'reduceMin'): Reduce =>
  ({ ops }, x, axes) =>
    ops.cast(ops[name](ops.cast(ops.cast(x, 'bool'), 'int32'), axes), 'bool');

/** The product along one axis, by halves: no division, so zeros keep right derivatives of every order. */
const productAlong = (ops: Ops, x: Atom, axis: number): Atom => {
  let rest = x;
  while (rest.aval.shape[axis] > 1) {
    const length = rest.aval.shape[axis];
    const half = length >> 1;
    const paired = ops.mul(ops.sliceAxis(rest, axis, 0, half), ops.sliceAxis(rest, axis, half, 2 * half));
    rest = length % 2 === 0 ? paired : ops.concat([paired, ops.sliceAxis(rest, axis, 2 * half, length)], axis);
  }
  const without = x.aval.shape.filter((_, i) => i !== axis);
  return rest.aval.shape[axis] === 0 ? ops.literal(1, without, x.aval.dtype) : ops.reshape(rest, without);
};

const prod: Reduce = (context, x, axes) =>
  axes.reduceRight((rest, axis) => productAlong(context.ops, rest, axis), asNumber(context, x));

const position =
  (name: 'argmax' | 'argmin'): KernelRule =>
  (context, { x }, { axis }: { axis: number }) =>
    context.ops[name](asNumber(context, x), axesOf(axis, x.aval.shape)[0]);

export const reductions = {
  Sum: reduction(sum),
  Mean: reduction(mean),
  Max: reduction(maximum),
  Min: reduction(extreme('reduceMin')),
  Prod: reduction(prod),
  All: reduction(quantifier('reduceMin')),
  Any: reduction(quantifier('reduceMax')),
  ArgMax: position('argmax'),
  ArgMin: position('argmin'),
} satisfies KernelFamily;
