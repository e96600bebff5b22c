/** Convolutions over any number of spatial axes, full and depthwise, and the kernels of their gradients. */

import type { Shape } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext } from '../kernel.ts';
import { dotOf } from './contraction.ts';
import { fitted, hasWindow, type SpatialAxis, unfitted, unwindowed, windowed } from './spatial.ts';

/**
 * Labels of axes. The input's channel (of a depthwise filter: the channel), and the filter's last axis
 * (the output's channel, or the multiplier of a depthwise filter).
 */
const BATCH = 0;
const CHANNEL = 1;
const LAST = 2;
const position = (i: number): number => 10 + i;
const offset = (i: number): number => 20 + i;

/** A convolution: its spatial axes, and where the channel axis is in its input and output. */
export interface Convolution {
  readonly axes: readonly SpatialAxis[];
  readonly channelsFirst: boolean;
  readonly depthwise: boolean;
}

/** The labels of an array with the given ones for each spatial axis and for the channels. */
const layout = (c: Convolution, spatial: (i: number) => number[], channels: number[]): number[] => {
  const middle = c.axes.flatMap((_, i) => spatial(i));
  return c.channelsFirst ? [BATCH, ...channels, ...middle] : [BATCH, ...middle, ...channels];
};

const windowLabels = (c: Convolution): number[] => c.axes.flatMap((s, i) => (hasWindow(s) ? [offset(i)] : []));

const patchLabels = (c: Convolution): number[] =>
  layout(c, (i) => (hasWindow(c.axes[i]) ? [position(i), offset(i)] : [position(i)]), [CHANNEL]);

const outputLabels = (c: Convolution): number[] =>
  layout(c, (i) => [position(i)], c.depthwise ? [CHANNEL, LAST] : [LAST]);

const filterLabels = (c: Convolution): number[] => [...windowLabels(c), CHANNEL, LAST];

/** The windows of an input, as `patchLabels` says. From the last axis on, so that the places of the others hold. */
const patches = ({ ops }: KernelContext, x: Atom, c: Convolution): Atom =>
  c.axes.reduceRight((rest, s) => windowed(ops, rest, s.axis, s), fitted(ops, x, c.axes));

const unpatches = ({ ops }: KernelContext, x: Atom, c: Convolution): Atom => {
  // Axes before the one at hand are merged already; those after it still have their windows.
  const merged = c.axes.reduce((rest, s) => unwindowed(ops, rest, s.axis, s), x);
  return unfitted(ops, merged, c.axes);
};

/** The filter without its spatial axes of length 1. */
const slimmed = ({ ops }: KernelContext, filter: Atom, c: Convolution): Atom =>
  ops.reshape(
    filter,
    filter.aval.shape.filter((_, i) => i >= c.axes.length || hasWindow(c.axes[i])),
  );

/** A depthwise output's channel axis as (channel, multiplier). */
const splitChannels = ({ ops }: KernelContext, dy: Atom, c: Convolution, filterShape: Shape): Atom => {
  if (!c.depthwise) return dy;
  const at = c.channelsFirst ? 1 : dy.aval.shape.length - 1;
  return ops.reshape(dy, dy.aval.shape.toSpliced(at, 1, ...filterShape.slice(-2)));
};

const joinChannels = ({ ops }: KernelContext, y: Atom, c: Convolution): Atom => {
  if (!c.depthwise) return y;
  const at = c.channelsFirst ? 1 : y.aval.shape.length - 2;
  return ops.reshape(y, y.aval.shape.toSpliced(at, 2, y.aval.shape[at] * y.aval.shape[at + 1]));
};

export const convolve = (context: KernelContext, x: Atom, filter: Atom, c: Convolution): Atom => {
  const labels = { lhs: patchLabels(c), rhs: filterLabels(c), out: outputLabels(c) };
  return joinChannels(context, dotOf(context, patches(context, x, c), slimmed(context, filter, c), labels), c);
};

/** The transpose of `convolve` in its input; as a layer it is the transposed convolution. */
export const convolveInput = (context: KernelContext, dy: Atom, filter: Atom, c: Convolution): Atom => {
  const labels = { lhs: outputLabels(c), rhs: filterLabels(c), out: patchLabels(c) };
  const split = splitChannels(context, dy, c, filter.aval.shape);
  return unpatches(context, dotOf(context, split, slimmed(context, filter, c), labels), c);
};

/** The transpose of `convolve` in its filter. */
export const convolveFilter = (context: KernelContext, x: Atom, dy: Atom, c: Convolution, shape: Shape): Atom => {
  const labels = { lhs: patchLabels(c), rhs: outputLabels(c), out: filterLabels(c) };
  const split = splitChannels(context, dy, c, shape);
  return context.ops.reshape(dotOf(context, patches(context, x, c), split, labels), shape);
};
