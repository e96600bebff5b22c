/** Images seen through a map of places: rotation, and projective transforms with all ways to fill what is outside. */

import { backend_util } from '@tensorflow/tfjs-core';
import { allocate, type FloatDtype, type Shape, sizeOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { settled } from './settled.ts';

type FillMode = 'constant' | 'reflect' | 'wrap' | 'nearest';

interface TransformAttrs {
  readonly interpolation: 'nearest' | 'bilinear';
  readonly fillMode: FillMode;
  readonly fillValue: number;
  readonly outputShape?: [number, number];
}

interface RotateAttrs {
  readonly radians: number;
  readonly fillValue: number | [number, number, number];
  readonly center: number | [number, number];
}

const kept = (ops: Ops, x: Atom, low: number, high: number): Atom =>
  ops.select(ops.binary('lt', x, low), low, ops.select(ops.binary('gt', x, high), high, x));

/** Reflects [abcd] to [dcba|abcd|dcba]: tfjs' formula. */
const reflected = (ops: Ops, x: Atom, length: number): Atom => {
  const turn = 2 * length;
  const whole = (v: Atom): Atom => ops.mul(ops.unary('floor', ops.div(v, turn)), turn);
  const before = ops.add(whole(ops.neg(x)), x);
  const low = ops.select(ops.binary('lt', before, -length), ops.add(before, turn), ops.sub(-1, before));
  const after = ops.sub(x, whole(x));
  const high = ops.select(ops.binary('ge', after, length), ops.sub(turn - 1, after), after);
  return ops.select(ops.binary('lt', x, 0), low, ops.select(ops.binary('gt', x, length - 1), high, x));
};

/** Wraps [abcd] to [abcd|abcd|abcd]: tfjs' formula. */
const wrapped = (ops: Ops, x: Atom, length: number): Atom => {
  const times = (v: Atom): Atom => ops.unary('floor', ops.div(v, length - 1));
  const low = ops.add(x, ops.mul(ops.add(times(ops.neg(x)), 1), length));
  const high = ops.sub(x, ops.mul(times(x), length));
  return ops.select(ops.binary('lt', x, 0), low, ops.select(ops.binary('gt', x, length - 1), high, x));
};

/** A place along an axis, brought into it as the mode says. */
const placed = (ops: Ops, x: Atom, length: number, mode: FillMode): Atom => {
  if (mode === 'constant') return x;
  if (mode === 'nearest' || length === 1) return kept(ops, x, 0, length - 1);
  return kept(ops, (mode === 'reflect' ? reflected : wrapped)(ops, x, length), 0, length - 1);
};

/** A corner of the pixels around a place: where it is along each axis, and its weight unless it is the only one. */
interface Corner {
  readonly row: Atom;
  readonly column: Atom;
  readonly weight: Atom | undefined;
}

const nearestCorner = (ops: Ops, y: Atom, x: Atom): Corner[] => {
  const round = (v: Atom): Atom => ops.unary('floor', ops.add(v, 0.5));
  return [{ row: round(y), column: round(x), weight: undefined }];
};

const bilinearCorners = (ops: Ops, y: Atom, x: Atom): Corner[] => {
  const sides = (v: Atom): [Atom, Atom][] => {
    const lower = ops.unary('floor', v);
    const portion = ops.sub(v, lower);
    return [
      [lower, ops.sub(1, portion)],
      [ops.add(lower, 1), portion],
    ];
  };
  return sides(y).flatMap(([row, down]) =>
    sides(x).map(([column, across]) => ({ row, column, weight: ops.mul(down, across) })),
  );
};

/** Pixels by their number among those of one image or of all, −1 for none, and weights: [corners, places]. */
interface Samples {
  readonly indices: Atom;
  readonly weights: Atom | undefined;
}

/** Reads x, [images, pixels, channels], at places: [images, places, channels]; `fill` where there is no pixel. */
const sampled = ({ ops }: KernelContext, x: Atom, { indices, weights }: Samples, fill: number): Atom => {
  const read = ops.gather(x, indices, 1);
  const missing = ops.binary('lt', indices, 0);
  const [images, , places, channels] = read.aval.shape;
  const shape = [images, places, channels];
  if (!weights) {
    const flat = ops.reshape(read, shape);
    if (fill === 0) return flat;
    return ops.select(ops.broadcast(ops.reshape(missing, [places]), shape, [1]), fill, flat);
  }
  const [CORNER, PLACE, IMAGE, CHANNEL] = [0, 1, 2, 3];
  const mean = ops.dot(weights, read, {
    lhs: [CORNER, PLACE],
    rhs: [IMAGE, CORNER, PLACE, CHANNEL],
    out: [IMAGE, PLACE, CHANNEL],
  });
  if (fill === 0) return mean;
  const filling = ops.mul(ops.sum(ops.select(missing, weights, 0), [0]), fill);
  return ops.add(mean, ops.broadcast(filling, shape, [1]));
};

/** Where in the input each element of the output is, for each transform: two of [transforms, height, width]. */
const projected = (ops: Ops, transforms: Atom, [height, width]: Shape): { x: Atom; y: Atom; isNowhere: Atom } => {
  const count = transforms.aval.shape[0];
  const whole = [count, height, width];
  const dtype = transforms.aval.dtype as FloatDtype;
  const t = (k: number): Atom =>
    ops.broadcast(ops.reshape(ops.sliceAxis(transforms, 1, k, k + 1), [count]), whole, [0]);
  const [row, column] = [ops.iota(whole, 1, dtype), ops.iota(whole, 2, dtype)];
  const along = (k: number): Atom => ops.add(ops.mul(t(k), column), ops.mul(t(k + 1), row));
  const scale = ops.add(along(6), 1);
  const isNowhere = ops.binary('eq', scale, 0);
  const safe = ops.select(isNowhere, 1, scale);
  const [x, y] = [0, 3].map((k) => ops.div(ops.add(along(k), t(k + 2)), safe));
  return { x, y, isNowhere };
};

const samplesOf = (ops: Ops, transforms: Atom, image: Shape, out: Shape, attrs: TransformAttrs): Samples => {
  const [, height, width] = image;
  const { fillMode, interpolation } = attrs;
  const { x, y, isNowhere } = projected(ops, transforms, out);
  const corners = (interpolation === 'nearest' ? nearestCorner : bilinearCorners)(
    ops,
    placed(ops, y, height, fillMode),
    placed(ops, x, width, fillMode),
  );
  const { shape } = x.aval;
  const images = shape[0] === 1 ? undefined : ops.mul(ops.iota(shape, 0), height * width);
  const indices = corners.map(({ row, column }) => {
    const [r, c] = [kept(ops, row, 0, height - 1), kept(ops, column, 0, width - 1)];
    const pixel = ops.add(ops.mul(ops.cast(r, 'int32'), width), ops.cast(c, 'int32'));
    // Brought into the image, a place has a corner outside of it only where that has no weight.
    const isOutside = ops.binary('or', ops.binary('ne', row, r), ops.binary('ne', column, c));
    const isMissing = fillMode === 'constant' ? ops.binary('or', isNowhere, isOutside) : isNowhere;
    return ops.select(isMissing, -1, images ? ops.add(pixel, images) : pixel);
  });
  const rows = (parts: readonly Atom[]): Atom => {
    const flat = parts.map((part) => ops.reshape(part, [1, sizeOf(shape)]));
    return flat.length === 1 ? flat[0] : ops.concat(flat, 0);
  };
  const weights = corners.flatMap(({ weight }) => weight ?? []);
  return { indices: rows(indices), weights: weights.length === 0 ? undefined : rows(weights) };
};

/** tfjs' own leaves images but the first as they are before: filled. */
const transform: KernelRule = (context, { image, transforms }, attrs: TransformAttrs) => {
  const { ops } = context;
  const { shape } = image.aval;
  const [batch, height, width, channels] = shape;
  const out = attrs.outputShape ?? [height, width];
  const [indices, weights] = settled(context, [transforms], (inner, [given]) => {
    const samples = samplesOf(inner, given, shape, out, attrs);
    return samples.weights ? [samples.indices, samples.weights] : [samples.indices];
  });
  // One transform sees each image by itself; many see one long image.
  const images = transforms.aval.shape[0] === 1 ? batch : 1;
  const flat = ops.reshape(image, [images, (batch / images) * height * width, channels]);
  return ops.reshape(sampled(context, flat, { indices, weights }, attrs.fillValue), [batch, ...out, channels]);
};

/** The pixel that each place of a rotated image shows, −1 for none: tfjs' formula. */
const rotatedPlaces = ([, height, width]: Shape, { radians, center }: RotateAttrs): Int32Array => {
  const [centerX, centerY] = backend_util.getImageCenter(center, height, width);
  const [sine, cosine] = [Math.sin(radians), Math.cos(radians)];
  return Int32Array.from({ length: height * width }, (_, i) => {
    const [right, down] = [(i % width) - centerX, Math.floor(i / width) - centerY];
    const x = Math.round(right * cosine - down * sine + centerX);
    const y = Math.round(right * sine + down * cosine + centerY);
    return x >= 0 && x < width && y >= 0 && y < height ? y * width + x : -1;
  });
};

/** A fill value of each channel; one given by colours is opaque. */
const fillOf = (fillValue: RotateAttrs['fillValue'], channels: number): number[] =>
  Array.from({ length: channels }, (_, c) =>
    typeof fillValue === 'number' ? fillValue : c === 3 ? 255 : (fillValue as number[])[c],
  );

const rotate: KernelRule = (context, { image }, attrs: RotateAttrs) => {
  const { ops } = context;
  const { shape, dtype } = image.aval;
  const [batch, height, width, channels] = shape;
  const data = rotatedPlaces(shape, attrs);
  const pixels = height * width;
  const indices = context.capture({ shape: [pixels], dtype: 'int32', data });
  const seen = ops.gather(ops.reshape(image, [batch, pixels, channels]), indices, 1);
  const whole = seen.aval.shape;
  if (!data.includes(-1)) return ops.reshape(seen, shape);
  const colours = allocate(dtype, channels);
  colours.set(fillOf(attrs.fillValue, channels));
  const fill = context.capture({ shape: [channels], dtype, data: colours });
  const missing = ops.broadcast(ops.binary('lt', indices, 0), whole, [1]);
  return ops.reshape(ops.select(missing, ops.broadcast(fill, whole, [2]), seen), shape);
};

export const warping = { Transform: transform, RotateWithOffset: rotate } satisfies KernelFamily;
