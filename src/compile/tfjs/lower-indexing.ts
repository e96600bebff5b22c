/** Lowerings of what counts and what takes indices: iota, one_hot, gather, scatter_add, windows, fold. */

import type * as tf from '@tensorflow/tfjs-core';
import { allocate, type Dtype, type Shape, sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import { converted } from './lower-elementwise.ts';
import { permuted, shaped } from './lower-movement.ts';
import type { Lowering, Site, Tf } from './lowering.ts';

const counted = (length: number, dtype: Dtype) => {
  const data = allocate(dtype, length);
  for (let i = 0; i < length; i++) data[i] = i;
  return data;
};

export const iota: Lowering<PrimitiveParams['iota']> = ({ tf, params: { shape, axis, dtype }, constant }) => {
  const inner = sizeOf(shape.slice(axis + 1));
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = Math.floor(i / inner) % shape[axis];
  const counting = constant(data, shape, dtype);
  return () => tf.clone(counting);
};

export const oneHot: Lowering<PrimitiveParams['one_hot']> = (site) => {
  const { tf, params, constant, output } = site;
  const places = constant(counted(params.depth, 'int32'), [1, params.depth], 'int32');
  const convert = converted(site, output.dtype);
  const count = sizeOf(site.inputs[0].shape);
  return ([x]) => shaped(tf, convert(tf.equal(shaped(tf, x, [count, 1]), places)), output.shape);
};

/** Indices brought to places 0 … length−1, and whether they were there before. */
const inRange = (tf: Tf, indices: tf.Tensor, length: number): { places: tf.Tensor; valid: tf.Tensor } => {
  const last = tf.scalar(length - 1, 'int32');
  const places = tf.maximum(tf.minimum(indices, last), tf.scalar(0, 'int32'));
  return { places, valid: tf.equal(places, indices) };
};

export const gather: Lowering<PrimitiveParams['gather']> = ({ tf, inputs, params: { axis }, output }) => {
  const [{ shape }, { shape: indexed }] = inputs;
  const flat = [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
  const count = sizeOf(indexed);
  return ([x, indices]) => {
    const { places, valid } = inRange(tf, shaped(tf, indices, [count]), flat[1]);
    const found = tf.gather(shaped(tf, x, flat), places as tf.Tensor1D, 1);
    const mask = tf.tile(shaped(tf, tf.cast(valid, 'int32'), [1, count, 1]), [flat[0], 1, flat[2]]);
    const kept = tf.where(tf.cast(mask, 'bool'), found, tf.zerosLike(found));
    return shaped(tf, kept, output.shape);
  };
};

/** Adds `updates` [outer, count, inner] into [outer, size, inner] at `places` [count]; `size` itself is dropped. */
const scattered = (site: Site<unknown>, [outer, count, inner]: Shape, size: number) => {
  const { tf, output } = site;
  const first = permuted(site, output.dtype, [outer, count, inner], [1, 0, 2]);
  const back = permuted(site, output.dtype, [size, outer, inner], [1, 0, 2]);
  return (updates: tf.Tensor, places: tf.Tensor): tf.Tensor => {
    const rows = shaped(tf, first(shaped(tf, updates, [outer, count, inner])), [count, outer * inner]);
    const sums = tf.scatterND(shaped(tf, places, [count, 1]), rows, [size + 1, outer * inner]);
    return back(shaped(tf, tf.slice(sums, [0, 0], [size, outer * inner]), [size, outer, inner]));
  };
};

export const scatterAdd: Lowering<PrimitiveParams['scatter_add']> = (site) => {
  const { tf, inputs, params, output } = site;
  const [{ shape }, { shape: indexed }] = inputs;
  const { axis, size } = params;
  const count = sizeOf(indexed);
  const flat = [sizeOf(shape.slice(0, axis)), count, sizeOf(shape.slice(axis + indexed.length))];
  const scatter = scattered(site, flat, size);
  return ([updates, indices]) => {
    const { places, valid } = inRange(tf, shaped(tf, indices, [count]), size);
    const safe = tf.where(valid, places, tf.fill([count], size, 'int32'));
    return shaped(tf, scatter(updates, safe), output.shape);
  };
};

/** For each window and each of its elements, where that is. */
const windowPlaces = (count: number, size: number, stride: number, dilation: number): Int32Array => {
  const places = new Int32Array(count * size);
  for (let o = 0; o < count; o++) for (let k = 0; k < size; k++) places[o * size + k] = o * stride + k * dilation;
  return places;
};

export const windows: Lowering<PrimitiveParams['windows']> = ({
  tf,
  inputs: [{ shape }],
  params,
  output,
  constant,
}) => {
  const { axis, size, stride, dilation } = params;
  const count = output.shape[axis];
  const places = constant(windowPlaces(count, size, stride, dilation), [count * size], 'int32');
  const flat = [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
  return ([x]) => shaped(tf, tf.gather(shaped(tf, x, flat), places as tf.Tensor1D, 1), output.shape);
};

export const fold: Lowering<PrimitiveParams['fold']> = (site) => {
  const { tf, params, output, constant } = site;
  const { shape } = site.inputs[0];
  const { axis, length, stride, dilation } = params;
  const [count, size] = shape.slice(axis);
  const places = constant(windowPlaces(count, size, stride, dilation), [count * size], 'int32');
  const flat = [sizeOf(shape.slice(0, axis)), count * size, sizeOf(shape.slice(axis + 2))];
  const scatter = scattered(site, flat, length);
  return ([x]) => shaped(tf, scatter(x, places), output.shape);
};
