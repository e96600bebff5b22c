/** Boxes cut out of images and resized: one small matrix per box and axis, of places that boxes name. */

import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, uniformValue } from './operands.ts';
import { settled } from './settled.ts';

interface CropAttrs {
  readonly cropSize: [number, number];
  readonly method: 'bilinear' | 'nearest';
  readonly extrapolationValue: number;
}

/** Where a crop's elements along one axis of an image are in it: [boxes, out], from both ends of boxes, [boxes]. */
const placesOf = (ops: Ops, start: Atom, end: Atom, length: number, out: number): Atom => {
  const { dtype, shape } = start.aval;
  const whole = [...shape, out];
  const wide = (x: Atom): Atom => ops.broadcast(x, whole, [0]);
  const last = length - 1;
  if (out === 1) return wide(ops.mul(ops.mul(ops.add(start, end), 0.5), last));
  const counted = ops.iota(whole, 1, dtype as 'float32' | 'float64');
  // tfjs' own order of rounding, which has float64. In float32 it would push ends out of the image: this one doesn't.
  if (dtype === 'float32') {
    const back = ops.mul(wide(start), ops.sub(out - 1, counted));
    return ops.div(ops.mul(ops.add(back, ops.mul(wide(end), counted)), last), out - 1);
  }
  const step = ops.div(ops.mul(ops.sub(end, start), last), out - 1);
  return ops.add(wide(ops.mul(start, last)), ops.mul(counted, wide(step)));
};

/**
 * The weights of an image's elements along one axis in those of each crop, [boxes, out, length], zero outside of the
 * image; and which are outside, [boxes, out]. At a pixel the derivative is that towards the next one, at the last pixel
 * that from the one before: on either side there is an image.
 */
const weightsOf = (ops: Ops, places: Atom, length: number, method: CropAttrs['method']): [Atom, Atom] => {
  const outside = ops.binary('or', ops.binary('lt', places, 0), ops.binary('gt', places, length - 1));
  const dtype = places.aval.dtype as 'float32' | 'float64';
  const at = (index: Atom): Atom => ops.oneHot(ops.cast(index, 'int32'), length, dtype);
  const inside = (weights: Atom): Atom => ops.select(ops.broadcast(outside, weights.aval.shape, [0, 1]), 0, weights);
  if (method === 'nearest') return [inside(at(ops.unary('floor', ops.add(places, 0.5)))), outside];
  if (length === 1) return [inside(ops.literal(1, [...places.aval.shape, 1], dtype)), outside];
  const lower = ops.binary('min', ops.binary('max', ops.unary('floor', places), 0), length - 2);
  const portion = ops.broadcast(ops.sub(places, lower), [...places.aval.shape, length], [0, 1]);
  const [here, next] = [at(lower), at(ops.add(lower, 1))];
  return [inside(ops.add(here, ops.mul(portion, ops.sub(next, here)))), outside];
};

const BOX = 0;
const ROW = 1;
const COLUMN = 2;
const CHANNEL = 3;
const HEIGHT = 4;
const WIDTH = 5;

/** The image of each box, or the one that all boxes are cut from, without an axis for boxes. */
const imagesOf = (context: KernelContext, image: Atom, boxInd: Atom): Atom => {
  const { ops } = context;
  const only = uniformValue(context, boxInd);
  if (only === undefined || only < 0 || only >= image.aval.shape[0]) {
    return ops.gather(image, ops.cast(boxInd, 'int32'), 0);
  }
  return ops.reshape(ops.sliceAxis(image, 0, only, only + 1), image.aval.shape.slice(1));
};

const cropAndResize: KernelRule = (
  context,
  { image, boxes, boxInd },
  { cropSize, method, extrapolationValue }: CropAttrs,
) => {
  const { ops } = context;
  const [batch, ...sizes] = image.aval.shape;
  const count = boxes.aval.shape[0];
  const whole = [count, ...cropSize, sizes[2]];
  const [rows, columns, fill] = settled(context, [asFloat(context, boxes), boxInd], (inner, [given, indices]) => {
    const end = (i: number): Atom => inner.reshape(inner.sliceAxis(given, 1, i, i + 1), [count]);
    const [[rowWeights, noRow], [columnWeights, noColumn]] = [0, 1].map((axis) => {
      const places = placesOf(inner, end(axis), end(axis + 2), sizes[axis], cropSize[axis]);
      return weightsOf(inner, places, sizes[axis], method);
    });
    const plane = [count, ...cropSize];
    const outside = inner.binary('or', inner.broadcast(noRow, plane, [0, 1]), inner.broadcast(noColumn, plane, [0, 2]));
    // tfjs leaves zeros where there is no such image.
    const exists = inner.broadcast(inner.binary('lt', inner.cast(indices, 'int32'), batch), plane, [0]);
    const extrapolated = inner.literal(extrapolationValue, plane, given.aval.dtype);
    return [rowWeights, columnWeights, inner.select(inner.binary('and', outside, exists), extrapolated, 0)];
  });
  const pixels = imagesOf(context, asFloat(context, image), boxInd);
  const ofBoxes = pixels.aval.shape.length === 4 ? [BOX] : [];
  const cutRows = ops.dot(rows, pixels, {
    lhs: [BOX, ROW, HEIGHT],
    rhs: [...ofBoxes, HEIGHT, WIDTH, CHANNEL],
    out: [BOX, ROW, WIDTH, CHANNEL],
  });
  const cut = ops.dot(columns, cutRows, {
    lhs: [BOX, COLUMN, WIDTH],
    rhs: [BOX, ROW, WIDTH, CHANNEL],
    out: [BOX, ROW, COLUMN, CHANNEL],
  });
  return extrapolationValue === 0 ? cut : ops.add(cut, ops.broadcast(fill, whole, [0, 1, 2]));
};

export const cropping = { CropAndResize: cropAndResize } satisfies KernelFamily;
