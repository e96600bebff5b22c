/** Lowerings of reductions and of what goes along an axis: sums, extremes and their places, cumsum. */

import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import { permuted, shaped } from './lower-movement.ts';
import type { Lowering, Site, Tf } from './lowering.ts';

type Axes = PrimitiveParams['reduce_sum'];

/** The operand with some axes at the end, and where they are then: left to the library where that can transpose it. */
const atEnd = (
  site: Site<unknown>,
  axes: readonly number[],
): { readonly move: (x: tf.Tensor) => tf.Tensor; readonly axes: number[] } => {
  const { shape, dtype } = site.inputs[0];
  if (dtype === 'float32') return { move: (x) => x, axes: [...axes] };
  const rest = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  return { move: permuted(site, dtype, shape, [...rest, ...axes]), axes: axes.map((_, k) => rest.length + k) };
};

const reduction =
  (call: (tf: Tf, x: tf.Tensor, axes: number[]) => tf.Tensor): Lowering<Axes> =>
  (site) => {
    const { move, axes } = atEnd(site, site.params.axes);
    return ([x]) => call(site.tf, move(x), axes);
  };

export const reduceSum = reduction((tf, x, axes) => tf.sum(x, axes));
export const reduceMax = reduction((tf, x, axes) => tf.max(x, axes));
export const reduceMin = reduction((tf, x, axes) => tf.min(x, axes));

const place =
  (call: (tf: Tf, x: tf.Tensor, axis: number) => tf.Tensor): Lowering<PrimitiveParams['argmax']> =>
  (site) => {
    const { move, axes } = atEnd(site, [site.params.axis]);
    return ([x]) => call(site.tf, move(x), axes[0]);
  };

export const argmax = place((tf, x, axis) => tf.argMax(x, axis));
export const argmin = place((tf, x, axis) => tf.argMin(x, axis));

/** An order of axes that brings one to the end; its own inverse. */
const exchanged = (rank: number, axis: number): number[] => {
  const order = Array.from({ length: rank }, (_, i) => i);
  [order[axis], order[rank - 1]] = [order[rank - 1], order[axis]];
  return order;
};

/** Calls with the axis at the end, and gives back a result of the output's shape. */
const withAxisLast = (site: Site<{ readonly axis: number }>, call: (x: tf.Tensor) => tf.Tensor) => {
  const { inputs, output, params } = site;
  const [{ shape, dtype }] = inputs;
  const order = exchanged(shape.length, params.axis);
  const there = permuted(site, dtype, shape, order);
  const result = order.map((i) => output.shape[i]);
  const back = permuted(site, output.dtype, result, order);
  return ([x]: readonly tf.Tensor[]) => back(call(there(x)));
};

/** NaN counts as infinity. */
export const argtopk: Lowering<PrimitiveParams['argtopk']> = (site) => {
  const { tf, inputs, params } = site;
  const isFloat = inputs[0].dtype === 'float32';
  const ranked = (x: tf.Tensor): tf.Tensor =>
    isFloat ? tf.where(tf.isNaN(x), tf.fill(x.shape, Number.POSITIVE_INFINITY), x) : x;
  return withAxisLast(site, (x) => tf.topk(ranked(x), params.k, true).indices);
};

/** The library's own reversed sums on WebGPU remember the length of the first that were asked for (4.22). */
export const cumsum: Lowering<PrimitiveParams['cumsum']> = (site) => {
  const { tf } = site;
  const { axis, exclusive, reverse } = site.params;
  const length = site.output.shape[axis];
  const lines = [sizeOf(site.output.shape) / length, length];
  const turned = (x: tf.Tensor): tf.Tensor => (reverse ? tf.reverse(x, 1) : x);
  return withAxisLast(site, (x) => turned(tf.cumsum(turned(shaped(tf, x, lines)), 1, exclusive)));
};
