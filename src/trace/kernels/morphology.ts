/** Grey-scale dilation: the greatest sum of a window and a filter, and the kernels of its gradients. */

import { backend_util } from '@tensorflow/tfjs-core';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, throughFloat } from './operands.ts';
import { fitted, hasWindow, type SpatialAxis, spatialAxes, unfitted, unwindowed, windowed } from './spatial.ts';

interface DilationAttrs {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number;
  readonly dilations: number | [number, number];
}

/** What tfjs gives for a window in which there is nothing but padding. */
const NOTHING = Number.MIN_SAFE_INTEGER;

/** The axes of windows that have them, in [batch, rows, (in window), columns, (in window), channels]. */
const insideAxes = ([rows, columns]: readonly SpatialAxis[]): number[] => {
  const first = hasWindow(rows) ? [2] : [];
  return hasWindow(columns) ? [...first, 3 + first.length] : first;
};

const readAxes = (x: Atom, filter: Atom, { strides, pad, dilations }: DilationAttrs): SpatialAxis[] =>
  spatialAxes(
    backend_util.computeDilation2DInfo(
      [...x.aval.shape] as [number, number, number, number],
      [...filter.aval.shape] as [number, number, number],
      strides,
      pad as 'valid',
      'NHWC',
      dilations,
    ),
  );

/** Whether some window along an axis lies in the padding altogether, as can be where it is dilated. */
const missesInput = ({ low, length, size, stride, dilation, out }: SpatialAxis): boolean => {
  const isInside = (o: number, k: number): boolean => {
    const at = o * stride - low + k * dilation;
    return at >= 0 && at < length;
  };
  const counted = Array.from({ length: size }, (_, k) => k);
  return Array.from({ length: out }, (_, o) => o).some((o) => !counted.some((k) => isInside(o, k)));
};

interface Dilation {
  readonly axes: readonly SpatialAxis[];
  /** The sums of windows and filter, and where each window has its first greatest one; axes of windows may be none. */
  readonly sums: Atom;
  readonly chosen: Atom;
  readonly inside: readonly number[];
}

const dilate = ({ ops }: KernelContext, x: Atom, filter: Atom, axes: readonly SpatialAxis[]): Dilation => {
  const inside = insideAxes(axes);
  const windows = axes.reduceRight(
    (rest, s) => windowed(ops, rest, s.axis, s),
    fitted(ops, x, axes, Number.NEGATIVE_INFINITY),
  );
  const { shape } = windows.aval;
  const last = shape.length - 1;
  const slim = ops.reshape(filter, [...inside.map((axis) => shape[axis]), shape[last]]);
  const sums = ops.add(windows, ops.broadcast(slim, shape, [...inside, last]));
  const outer = shape.map((_, i) => i).filter((i) => !inside.includes(i));
  // The windows' elements as one last axis, for one argmax; then back.
  const order = [...outer, ...inside];
  const count = inside.reduce((product, axis) => product * shape[axis], 1);
  const outerShape = outer.map((axis) => shape[axis]);
  const rows = ops.reshape(ops.permute(sums, order), [...outerShape, count]);
  const index = ops.argmax(rows, outer.length);
  const places = inside.map((axis, i) => {
    const stride = inside.slice(i + 1).reduce((product, later) => product * shape[later], 1);
    return ops.mul(ops.iota(shape, axis), stride);
  });
  const place = places.reduce((sum, term) => ops.add(sum, term), ops.literal(0, shape, 'int32') as Atom);
  return { axes, sums, inside, chosen: ops.binary('eq', place, ops.broadcast(index, shape, outer)) };
};

const dilation: KernelRule = (context, { x, filter }, attrs: DilationAttrs) => {
  const { ops } = context;
  return throughFloat(context, x, (v) => {
    const axes = readAxes(x, filter, attrs);
    const { sums, chosen, inside } = dilate(context, v, asFloat(context, filter), axes);
    const greatest = ops.sum(ops.select(chosen, sums, 0), inside);
    if (!axes.some(missesInput)) return greatest;
    return ops.select(ops.binary('gt', greatest, NOTHING), greatest, NOTHING);
  });
};

/** dy at the chosen element of each window, 0 elsewhere; nothing comes of windows of padding. */
const spread = (context: KernelContext, { sums, chosen, inside, axes }: Dilation, dy: Atom): Atom => {
  const { ops } = context;
  const { shape } = sums.aval;
  const outer = shape.map((_, i) => i).filter((i) => !inside.includes(i));
  const moved = ops.select(chosen, ops.broadcast(dy, shape, outer), 0);
  return axes.some(missesInput) ? ops.select(ops.binary('gt', sums, NOTHING), moved, 0) : moved;
};

const dilationInput: KernelRule = (context, { x, filter, dy }, attrs: DilationAttrs) => {
  const { ops } = context;
  const axes = readAxes(x, filter, attrs);
  const moved = spread(context, dilate(context, asFloat(context, x), asFloat(context, filter), axes), dy);
  return unfitted(
    ops,
    axes.reduce((rest, s) => unwindowed(ops, rest, s.axis, s), moved),
    axes,
  );
};

const dilationFilter: KernelRule = (context, { x, filter, dy }, attrs: DilationAttrs) => {
  const { ops } = context;
  const axes = readAxes(x, filter, attrs);
  const found = dilate(context, asFloat(context, x), asFloat(context, filter), axes);
  const last = found.sums.aval.shape.length - 1;
  const summed = found.sums.aval.shape.map((_, i) => i).filter((i) => i !== last && !found.inside.includes(i));
  return ops.reshape(ops.sum(spread(context, found, dy), summed), filter.aval.shape);
};

export const morphology = {
  Dilation2D: dilation,
  Dilation2DBackpropInput: dilationInput,
  Dilation2DBackpropFilter: dilationFilter,
} satisfies KernelFamily;
