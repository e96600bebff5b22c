/** The geometry that convolution and pooling share: spatial axes, their padding, their windows, and back. */

import type { backend_util } from '@tensorflow/tfjs-core';
import type { Shape } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';

/** One spatial axis of a convolution or pooling. */
export interface SpatialAxis {
  /** Its place in the input. */
  readonly axis: number;
  readonly length: number;
  /** Padding before the first element; over three axes tfjs leaves elements out instead where it is negative. */
  readonly low: number;
  /** Elements in a window, and the distance between them. */
  readonly size: number;
  readonly dilation: number;
  /** The distance between windows, and how many there are. */
  readonly stride: number;
  readonly out: number;
}

type Info2D = ReturnType<typeof backend_util.computeConv2DInfo>;
type Info3D = ReturnType<typeof backend_util.computeConv3DInfo>;

/** What tfjs worked out about a convolution or pooling, axis by axis. */
export const spatialAxes = (info: Info2D | Info3D): SpatialAxis[] => {
  const first = info.dataFormat === 'channelsFirst' ? 2 : 1;
  const depth = 'inDepth' in info ? [spatial(first, info.inDepth, info.padInfo.front, 'Depth', info)] : [];
  const height = first + depth.length;
  return [
    ...depth,
    spatial(height, info.inHeight, info.padInfo.top, 'Height', info),
    spatial(height + 1, info.inWidth, info.padInfo.left, 'Width', info),
  ];
};

const spatial = (
  axis: number,
  length: number,
  low: number,
  name: 'Depth' | 'Height' | 'Width',
  info: Info2D | Info3D,
): SpatialAxis => {
  const of = (prefix: string): number => (info as unknown as Record<string, number>)[prefix + name];
  return { axis, length, low, size: of('filter'), dilation: of('dilation'), stride: of('stride'), out: of('out') };
};

/** The axes with as many windows as a result has: tfjs' gradients forget a `dimRoundingMode`, the result doesn't. */
export const countedBy = (axes: readonly SpatialAxis[], result: Shape): SpatialAxis[] =>
  axes.map((s) => ({ ...s, out: result[s.axis] }));

/** The elements from the first of the first window to the last of the last. */
const fittedLength = (s: SpatialAxis): number => (s.out - 1) * s.stride + (s.size - 1) * s.dilation + 1;

const everyAxis = (x: Atom, axes: readonly SpatialAxis[], of: (s: SpatialAxis) => number): number[] =>
  x.aval.shape.map((_, i) => {
    const s = axes.find(({ axis }) => axis === i);
    return s ? of(s) : 0;
  });

/** x padded, or cut at the ends, so that the windows cover it exactly. */
export const fitted = (ops: Ops, x: Atom, axes: readonly SpatialAxis[], value = 0): Atom => {
  const excess = (s: SpatialAxis): number => fittedLength(s) - s.low - s.length;
  const low = everyAxis(x, axes, (s) => Math.max(0, s.low));
  const high = everyAxis(x, axes, (s) => Math.max(0, excess(s)));
  const cut = everyAxis(x, axes, (s) => Math.max(0, -excess(s)));
  const padded = ops.pad(x, low, high, undefined, value);
  return ops.slice(
    padded,
    everyAxis(x, axes, (s) => Math.max(0, -s.low)),
    padded.aval.shape.map((d, i) => d - cut[i]),
  );
};

/** The linear transpose of `fitted` with padding of zeros. */
export const unfitted = (ops: Ops, x: Atom, axes: readonly SpatialAxis[]): Atom => {
  const missing = (s: SpatialAxis): number => Math.max(0, s.low + s.length - fittedLength(s));
  const grown = ops.pad(
    x,
    everyAxis(x, axes, (s) => Math.max(0, -s.low)),
    everyAxis(x, axes, missing),
  );
  const starts = everyAxis(x, axes, (s) => Math.max(0, s.low));
  const lengths = new Map(axes.map((s) => [s.axis, s.length]));
  return ops.slice(
    grown,
    starts,
    grown.aval.shape.map((d, i) => starts[i] + (lengths.get(i) ?? d)),
  );
};

const replaced = (x: Atom, axis: number, count: number, ...by: number[]): number[] =>
  x.aval.shape.toSpliced(axis, count, ...by);

/**
 * A fitted axis as [out, size]: its windows. Where windows don't overlap this is a reshape; a window of one
 * element (size 1) is no axis of its own, see `hasWindow`.
 */
export const windowed = (ops: Ops, x: Atom, axis: number, s: SpatialAxis): Atom => {
  const { size, stride, dilation, out } = s;
  if (size === 1) return ops.sliceAxis(x, axis, 0, x.aval.shape[axis], stride);
  if (size === stride && dilation === 1) return ops.reshape(x, replaced(x, axis, 1, out, size));
  if (out === 1) {
    const window = ops.sliceAxis(x, axis, 0, x.aval.shape[axis], dilation);
    return ops.reshape(window, replaced(window, axis, 1, 1, size));
  }
  return ops.windows(x, axis, size, stride, dilation);
};

export const hasWindow = (s: SpatialAxis): boolean => s.size > 1;

/** The linear transpose of `windowed`: [out, size] added up into a fitted axis. */
export const unwindowed = (ops: Ops, x: Atom, axis: number, s: SpatialAxis): Atom => {
  const { size, stride, dilation, out } = s;
  const spread = (y: Atom, distance: number): Atom => {
    const none = y.aval.shape.map(() => 0);
    return ops.pad(
      y,
      none,
      none,
      none.map((_, i) => (i === axis ? distance - 1 : 0)),
    );
  };
  if (size === 1) return spread(x, stride);
  if (size === stride && dilation === 1) return ops.reshape(x, replaced(x, axis, 2, out * size));
  if (out === 1) return spread(ops.reshape(x, replaced(x, axis, 2, size)), dilation);
  return ops.fold(x, axis, fittedLength(s), stride, dilation);
};
