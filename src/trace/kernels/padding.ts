/** Padding, and the kernels that trade space for batch or depth. */

import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelFamily, KernelRule } from '../kernel.ts';

type Pairs = readonly (readonly [number, number])[];

const padded = (ops: Ops, x: Atom, paddings: Pairs, value = 0): Atom =>
  ops.pad(
    x,
    paddings.map(([low]) => low),
    paddings.map(([, high]) => high),
    undefined,
    value,
  );

const padV2: KernelRule = ({ ops }, { x }, attrs: { paddings: Pairs; constantValue?: number }) =>
  padded(ops, x, attrs.paddings, attrs.constantValue ?? 0);

/** `reflect` leaves the edge out of the mirror image, `symmetric` repeats it. */
const mirrorPad: KernelRule = (
  { ops },
  { x },
  { paddings, mode }: { paddings: Pairs; mode: 'reflect' | 'symmetric' },
) => {
  const edge = mode === 'reflect' ? 1 : 0;
  return paddings.reduce((rest, [low, high], axis) => {
    const length = rest.aval.shape[axis];
    const mirrored = (start: number, size: number): Atom =>
      ops.reverse(ops.sliceAxis(rest, axis, start, start + size), [axis]);
    const parts = [rest];
    if (low > 0) parts.unshift(mirrored(edge, low));
    if (high > 0) parts.push(mirrored(length - edge - high, high));
    return parts.length === 1 ? rest : ops.concat(parts, axis);
  }, x);
};

/** [batch, …blocks·sizes, …rest] → [blocks·batch, …sizes, …rest]. */
const spaceToBatch: KernelRule = (
  { ops },
  { x },
  { blockShape, paddings }: { blockShape: number[]; paddings: Pairs },
) => {
  const rank = x.aval.shape.length;
  const full = Array.from({ length: rank }, (_, i) => paddings[i - 1] ?? ([0, 0] as const));
  const room = padded(ops, x, full);
  const { shape } = room.aval;
  const spatial = blockShape.length;
  const split = [shape[0], ...blockShape.flatMap((b, i) => [shape[i + 1] / b, b]), ...shape.slice(spatial + 1)];
  const blocks = blockShape.map((_, i) => 2 * i + 2);
  const sizes = blockShape.map((_, i) => 2 * i + 1);
  const rest = shape.slice(spatial + 1).map((_, i) => 2 * spatial + 1 + i);
  const moved = ops.permute(ops.reshape(room, split), [...blocks, 0, ...sizes, ...rest]);
  const batch = blockShape.reduce((product, b) => product * b, shape[0]);
  return ops.reshape(moved, [batch, ...sizes.map((s) => split[s]), ...shape.slice(spatial + 1)]);
};

/** The inverse of spaceToBatch; `crops` are cut off at the end. */
const batchToSpace: KernelRule = ({ ops }, { x }, { blockShape, crops }: { blockShape: number[]; crops: Pairs }) => {
  const { shape } = x.aval;
  const spatial = blockShape.length;
  const batch = blockShape.reduce((rest, b) => rest / b, shape[0]);
  const blocked = ops.reshape(x, [...blockShape, batch, ...shape.slice(1)]);
  const interleaved = blockShape.flatMap((_, i) => [spatial + 1 + i, i]);
  const rest = shape.slice(spatial + 1).map((_, i) => 2 * spatial + 1 + i);
  const grown = shape.slice(1, spatial + 1).map((d, i) => d * blockShape[i]);
  const moved = ops.permute(blocked, [spatial, ...interleaved, ...rest]);
  const joined = ops.reshape(moved, [batch, ...grown, ...shape.slice(spatial + 1)]);
  const crop = (axis: number): readonly [number, number] => crops[axis - 1] ?? [0, 0];
  return ops.slice(
    joined,
    joined.aval.shape.map((_, axis) => crop(axis)[0]),
    joined.aval.shape.map((d, axis) => d - crop(axis)[1]),
  );
};

const depthToSpace: KernelRule = (
  { ops },
  { x },
  { blockSize: b, dataFormat }: { blockSize: number; dataFormat: 'NHWC' | 'NCHW' },
) => {
  if (dataFormat === 'NCHW') {
    const [n, c, h, w] = x.aval.shape;
    const depth = c / (b * b);
    return ops.reshape(ops.permute(ops.reshape(x, [n, b, b, depth, h, w]), [0, 3, 4, 1, 5, 2]), [
      n,
      depth,
      h * b,
      w * b,
    ]);
  }
  const [n, h, w, c] = x.aval.shape;
  const depth = c / (b * b);
  return ops.reshape(ops.permute(ops.reshape(x, [n, h, w, b, b, depth]), [0, 1, 3, 2, 4, 5]), [n, h * b, w * b, depth]);
};

export const padding = {
  PadV2: padV2,
  MirrorPad: mirrorPad,
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
} satisfies KernelFamily;
