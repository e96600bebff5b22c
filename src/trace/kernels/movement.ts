/** Kernels that move, repeat or create elements without computing with them. */

import { type Dtype, isFloat, sizeOf } from '../../ir/aval.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, axesOf, throughFloat, unsupported } from './operands.ts';

const identity: KernelRule = (_context, { x }) => x;

const reshape: KernelRule = ({ ops }, { x }, { shape }: { shape: number[] }) => {
  const known = sizeOf(shape.filter((d) => d >= 0));
  return ops.reshape(
    x,
    shape.map((d) => (d === -1 ? sizeOf(x.aval.shape) / known : d)),
  );
};

const expandDims: KernelRule = ({ ops }, { input }, { dim }: { dim: number }) => {
  const shape = [...input.aval.shape];
  shape.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1);
  return ops.reshape(input, shape);
};

/** Each repeated axis becomes two, the repetitions before the axis itself. */
const tile: KernelRule = ({ ops }, { x }, { reps }: { reps: number[] }) => {
  const split: number[] = [];
  const axes: number[] = [];
  for (const [i, d] of x.aval.shape.entries()) {
    if (reps[i] !== 1) split.push(reps[i]);
    axes.push(split.length);
    split.push(d);
  }
  return ops.reshape(
    ops.broadcast(x, split, axes),
    x.aval.shape.map((d, i) => d * reps[i]),
  );
};

const filled =
  (value: 0 | 1): KernelRule =>
  ({ ops }, { x }) =>
    ops.full(x, value);

/** x along the diagonal of a square of twice its rank. */
const diag: KernelRule = (context, { x }) => {
  const { ops, precision } = context;
  const n = sizeOf(x.aval.shape);
  const unit = ops.oneHot(ops.iota([n], 0), n, precision);
  return throughFloat(context, x, (v) => {
    const rows = ops.broadcast(ops.reshape(v, [n]), [n, n], [0]);
    const onDiagonal = ops.binary('ne', unit, 0);
    return ops.reshape(ops.select(onDiagonal, rows, 0), [...x.aval.shape, ...x.aval.shape]);
  });
};

const dtypeOf = ({ precision }: KernelContext, dtype: string): Dtype => {
  if (dtype === 'float32') return precision;
  if (dtype === 'int32' || dtype === 'bool') return dtype;
  throw unsupported('OneHot', `dtype ${dtype}`, 'the program holds real numbers only.', 'Use float32.');
};

const oneHot: KernelRule = (
  context,
  { indices },
  attrs: { depth: number; onValue?: number; offValue?: number; dtype?: string },
) => {
  const { ops, precision } = context;
  const { depth, onValue = 1, offValue = 0, dtype = 'int32' } = attrs;
  const unit = ops.oneHot(ops.cast(indices, 'int32'), depth, precision);
  const target = dtypeOf(context, dtype);
  if (onValue === 1 && offValue === 0) return ops.cast(unit, target);
  const chosen = ops.select(ops.binary('ne', unit, 0), ops.full(unit, onValue), ops.full(unit, offValue));
  return isFloat(target) ? chosen : ops.cast(asFloat(context, chosen), target);
};

export const movement = {
  Identity: identity,
  Reshape: reshape,
  ExpandDims: expandDims,
  Transpose: ({ ops }, { x }, { perm }: { perm: number[] }) => ops.permute(x, perm),
  Reverse: ({ ops }, { x }, { dims }: { dims: number | number[] }) =>
    ops.reverse(
      x,
      axesOf(dims, x.aval.shape).sort((a, b) => a - b),
    ),
  FlipLeftRight: ({ ops }, { image }) => ops.reverse(image, [2]),
  Tile: tile,
  ZerosLike: filled(0),
  OnesLike: filled(1),
  Diag: diag,
  OneHot: oneHot,
} satisfies KernelFamily;
