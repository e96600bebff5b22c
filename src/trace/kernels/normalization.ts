/** Batch normalization and local response normalization. */

import { type Shape, sizeOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, throughFloat } from './operands.ts';
import { constantPower } from './power.ts';

const broadcasts = (from: Shape, to: Shape): boolean =>
  from.length <= to.length && from.every((size, i) => size === 1 || size === to[i + to.length - from.length]);

/**
 * Statistics of a shape that broadcasts are broadcast. tfjs' cpu backend walks through them cyclically instead, which
 * gives a meaning to other shapes too: these fill the last axes.
 */
const repeatedTo = ({ ops }: KernelContext, x: Atom, shape: Shape): Atom => {
  if (broadcasts(x.aval.shape, shape)) return ops.broadcastTo(x, shape);
  let axis = shape.length;
  for (let covered = 1; covered < sizeOf(x.aval.shape); ) covered *= shape[--axis];
  return ops.broadcastTo(ops.reshape(x, shape.slice(axis)), shape);
};

const batchNorm: KernelRule = (context, inputs, { varianceEpsilon = 0.001 }: { varianceEpsilon?: number }) => {
  const { ops } = context;
  const { shape } = inputs.x.aval;
  const [mean, variance] = [inputs.mean, inputs.variance].map((a) => asFloat(context, a));
  const [scale, offset] = [inputs.scale, inputs.offset].map((a) => a && asFloat(context, a));
  const deviation = ops.unary('sqrt', ops.add(variance, varianceEpsilon));
  const factor = scale ? ops.div(repeatedTo(context, scale, variance.aval.shape), deviation) : ops.div(1, deviation);
  return throughFloat(context, inputs.x, (x) => {
    const centred = ops.sub(x, repeatedTo(context, mean, shape));
    const scaled = ops.mul(centred, repeatedTo(context, factor, shape));
    return offset ? ops.add(scaled, repeatedTo(context, offset, shape)) : scaled;
  });
};

interface ResponseAttrs {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Sums over the neighbours along the last axis that are at most `radius` away. */
const neighbourSum = ({ ops }: KernelContext, x: Atom, radius: number): Atom => {
  const last = x.aval.shape.length - 1;
  const room = x.aval.shape.map((_, i) => (i === last ? radius : 0));
  return ops.sum(ops.windows(ops.pad(x, room, room), last, 2 * radius + 1), [last + 1]);
};

const responseNorm = (context: KernelContext, x: Atom, { depthRadius, bias, alpha }: ResponseAttrs): Atom => {
  const { ops } = context;
  return ops.add(ops.mul(neighbourSum(context, ops.mul(x, x), depthRadius), alpha), bias);
};

const lrn: KernelRule = (context, inputs, attrs: ResponseAttrs) =>
  throughFloat(context, inputs.x, (x) =>
    context.ops.mul(x, constantPower(context.ops, responseNorm(context, x, attrs), -attrs.beta)),
  );

/** The kernel that tfjs' own gradient of LRN calls: dy·n^−β − 2αβ·x·Σ(y·dy/n) over neighbours. */
const lrnGrad: KernelRule = (context, { x, y, dy }, attrs: ResponseAttrs) => {
  const { ops } = context;
  const norm = responseNorm(context, x, attrs);
  const own = ops.mul(dy, constantPower(ops, norm, -attrs.beta));
  const others = neighbourSum(context, ops.div(ops.mul(y, dy), norm), attrs.depthRadius);
  return ops.sub(own, ops.mul(ops.mul(x, others), 2 * attrs.alpha * attrs.beta));
};

export const normalizations = {
  FusedBatchNorm: batchNorm,
  LRN: lrn,
  LRNGrad: lrnGrad,
} satisfies KernelFamily;
