/** Maximum and average pooling over any number of spatial axes, one axis after the other, and their gradients. */

import type { Atom } from '../../ir/program.ts';
import type { KernelContext } from '../kernel.ts';
import { fitted, hasWindow, type SpatialAxis, unfitted, unwindowed, windowed } from './spatial.ts';

/** x repeated along a new axis. */
const repeated = ({ ops }: KernelContext, x: Atom, axis: number, times: number): Atom => {
  const shape = x.aval.shape.toSpliced(axis, 0, times);
  return ops.broadcast(
    x,
    shape,
    shape.map((_, i) => i).filter((i) => i !== axis),
  );
};

/** Which element of each window along one axis is taken: the first of its largest. */
interface Choice {
  readonly spatial: SpatialAxis;
  /** int32, [… out …]: the index in the window. */
  readonly index: Atom;
  /** bool, [… out, size …]. */
  readonly mask: Atom;
}

/** The chosen element of each window. */
const chosen = ({ ops }: KernelContext, x: Atom, { spatial, mask }: Choice): Atom => {
  const { axis } = spatial;
  return ops.sum(ops.select(mask, windowed(ops, x, axis, spatial), 0), [axis + 1]);
};

const choose = ({ ops }: KernelContext, x: Atom, spatial: SpatialAxis): Choice => {
  const at = spatial.axis + 1;
  const windows = windowed(ops, x, spatial.axis, spatial);
  const index = ops.argmax(windows, at);
  const counted = ops.iota(windows.aval.shape, at);
  const kept = windows.aval.shape.map((_, i) => i).filter((i) => i !== at);
  return { spatial, index, mask: ops.binary('eq', counted, ops.broadcast(index, windows.aval.shape, kept)) };
};

/** The axis with windows of one element: the strided slice. */
const thinned = ({ ops }: KernelContext, x: Atom, s: SpatialAxis): Atom => windowed(ops, x, s.axis, s);

interface Maxima {
  readonly value: Atom;
  /** From the last axis, which is reduced first, to the first. */
  readonly choices: readonly Choice[];
}

/**
 * The maximum along the last axis, then along the one before it, and so on: of equal elements the first in
 * row-major order is chosen and gets the whole derivative, as in JAX's reduce_window and in tfjs.
 */
const maxima = (context: KernelContext, x: Atom, axes: readonly SpatialAxis[]): Maxima => {
  const choices: Choice[] = [];
  const value = axes.reduceRight(
    (rest, s) => {
      if (!hasWindow(s)) return thinned(context, rest, s);
      const choice = choose(context, rest, s);
      choices.push(choice);
      return chosen(context, rest, choice);
    },
    fitted(context.ops, x, axes, Number.NEGATIVE_INFINITY),
  );
  return { value, choices };
};

export const maxPool = (context: KernelContext, x: Atom, axes: readonly SpatialAxis[]): Atom =>
  maxima(context, x, axes).value;

/** The transpose of the choice that `maxPool` makes on x: dy goes to the chosen elements. */
export const maxPoolGradient = (context: KernelContext, dy: Atom, x: Atom, axes: readonly SpatialAxis[]): Atom => {
  const { ops } = context;
  const { choices } = maxima(context, x, axes);
  const spread = axes.reduce((rest, s) => {
    const choice = choices.find(({ spatial }) => spatial === s);
    if (!choice) return unwindowed(ops, rest, s.axis, s);
    return unwindowed(ops, ops.select(choice.mask, repeated(context, rest, s.axis + 1, s.size), 0), s.axis, s);
  }, dy);
  return unfitted(ops, spread, axes);
};

/** Where `maxPool` found its values: indices into the flattened [height, width, channels], or with the batch too. */
export const maxPoolPositions = (
  context: KernelContext,
  x: Atom,
  axes: readonly SpatialAxis[],
  withBatch: boolean,
): Atom => {
  const { ops } = context;
  const { value, choices } = maxima(context, x, axes);
  const { shape } = value.aval;
  /** The place along each axis reduced so far, carried through the choices along the axes before it. */
  let places: { axis: number; place: Atom }[] = [];
  let current = fitted(ops, x, axes, Number.NEGATIVE_INFINITY).aval.shape;
  for (const s of [...axes].reverse()) {
    const choice = choices.find(({ spatial }) => spatial === s);
    current = current.toSpliced(s.axis, 1, s.out);
    const start = ops.sub(ops.mul(ops.iota(current, s.axis), s.stride), s.low);
    const place = choice ? ops.add(start, ops.mul(choice.index, s.dilation)) : start;
    places = places.map((p) => ({
      axis: p.axis,
      place: choice ? chosen(context, p.place, choice) : thinned(context, p.place, s),
    }));
    places.push({ axis: s.axis, place });
  }
  const last = shape.length - 1;
  const all = [...places, { axis: last, place: ops.iota(shape, last) }];
  if (withBatch) all.push({ axis: 0, place: ops.iota(shape, 0) });
  const stride = (axis: number): number => x.aval.shape.slice(axis + 1).reduce((product, d) => product * d, 1);
  return all.map(({ axis, place }) => ops.mul(place, stride(axis))).reduce((sum, term) => ops.add(sum, term));
};

/** What the sum of a window of padding alone, 0, is divided by: over two axes tfjs takes 0, over three 1. */
type Least = 0 | 1;

/** One over the number of elements of x, not padding, in each window along an axis: [out], or one number. */
const share = ({ ops }: KernelContext, x: Atom, s: SpatialAxis, least: Least): Atom | number => {
  const last = (s.out - 1) * s.stride + (s.size - 1) * s.dilation - s.low;
  if (s.low === 0 && last < s.length) return 1 / s.size;
  const line = { ...s, axis: 0 };
  const present = fitted(ops, ops.literal(1, [s.length], x.aval.dtype), [line]);
  const windows = windowed(ops, present, 0, line);
  const count = hasWindow(s) ? ops.sum(windows, [1]) : windows;
  return ops.div(1, least === 0 ? count : ops.binary('max', count, least));
};

/** y times the shares of all axes. */
const averaged = (context: KernelContext, y: Atom, axes: readonly SpatialAxis[], least: Least): Atom => {
  const { ops } = context;
  let scale = 1;
  let result = y;
  for (const s of axes) {
    const portion = share(context, y, s, least);
    if (typeof portion === 'number') scale *= portion;
    else result = ops.mul(result, ops.broadcast(portion, y.aval.shape, [s.axis]));
  }
  return scale === 1 ? result : ops.mul(result, scale);
};

/** The mean of each window, over those of its elements that aren't padding. */
export const averagePool = (context: KernelContext, x: Atom, axes: readonly SpatialAxis[], least: Least): Atom => {
  const { ops } = context;
  const sums = axes.reduceRight(
    (rest, s) => {
      const windows = windowed(ops, rest, s.axis, s);
      return hasWindow(s) ? ops.sum(windows, [s.axis + 1]) : windows;
    },
    fitted(ops, x, axes),
  );
  return averaged(context, sums, axes, least);
};

/** The transpose of `averagePool`. */
export const averagePoolGradient = (
  context: KernelContext,
  dy: Atom,
  axes: readonly SpatialAxis[],
  least: Least,
): Atom => {
  const { ops } = context;
  const spread = axes.reduce(
    (rest, s) => {
      const windows = hasWindow(s) ? repeated(context, rest, s.axis + 1, s.size) : rest;
      return unwindowed(ops, windows, s.axis, s);
    },
    averaged(context, dy, axes, least),
  );
  return unfitted(ops, spread, axes);
};
