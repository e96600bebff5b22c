/** Resizing of images along fixed axes: bilinear by a matrix or by two places per axis, nearest by moving elements. */

import { allocate, type FloatDtype, type Shape } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat } from './operands.ts';

interface ResizeAttrs {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** One axis of an image, resized. */
interface Resized extends ResizeAttrs {
  readonly axis: number;
  readonly length: number;
  readonly out: number;
}

/** Height and width of images, resized to those of another. */
const resizedAxes = (images: Shape, size: Shape, attrs: ResizeAttrs): Resized[] =>
  [1, 2].map((axis) => ({ ...attrs, axis, length: images[axis], out: size[axis - 1] }));

/** Elements of the input to one of the output. */
const stepOf = ({ length, out, alignCorners }: Resized): number =>
  alignCorners && out > 1 ? (length - 1) / (out - 1) : length / out;

/** Between which two elements of the input each of the output's is, and how far along: [out] each. */
interface Between {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly portion: Float32Array | Float64Array;
}

/** tfjs' formula, in its order. */
const between = (r: Resized, precision: FloatDtype): Between => {
  const step = stepOf(r);
  const [lower, upper] = [new Int32Array(r.out), new Int32Array(r.out)];
  const portion = allocate(precision, r.out) as Between['portion'];
  for (let o = 0; o < r.out; o++) {
    const place = r.halfPixelCenters ? step * (o + 0.5) - 0.5 : step * o;
    lower[o] = Math.max(0, Math.floor(place));
    upper[o] = Math.min(r.length - 1, Math.ceil(place));
    portion[o] = upper[o] === lower[o] ? 0 : place - lower[o];
  }
  return { lower, upper, portion };
};

/**
 * The longest axis that is multiplied by a matrix, most of it zeros: up to there this is as fast as taking elements at
 * two places and adding to them, or up to twice as fast (bench/lowering.ts, resize).
 */
const LONGEST = 256;

/** A product with the matrix [out, length] that has two weights in a row, or with its transpose. */
const byMatrix = (context: KernelContext, x: Atom, r: Resized, transposed: boolean): Atom => {
  const { ops, precision } = context;
  const { lower, upper, portion } = between(r, precision);
  const data = allocate(precision, r.out * r.length);
  for (let o = 0; o < r.out; o++) {
    data[o * r.length + lower[o]] = 1 - portion[o];
    if (portion[o] !== 0) data[o * r.length + upper[o]] = portion[o];
  }
  const matrix = context.capture({ shape: [r.out, r.length], dtype: precision, data });
  const lhs = x.aval.shape.map((_, i) => i);
  const fresh = lhs.length;
  const out = lhs.with(r.axis, fresh);
  return ops.dot(x, matrix, { lhs, rhs: transposed ? [r.axis, fresh] : [fresh, r.axis], out });
};

/** Elements taken from two places, or added to them. */
const byPlaces = (context: KernelContext, x: Atom, r: Resized, transposed: boolean): Atom => {
  const { ops, precision } = context;
  const { axis, length } = r;
  const { lower, upper, portion } = between(r, precision);
  const [here, next] = [lower, upper].map((data) => context.capture({ shape: [r.out], dtype: 'int32', data }));
  const shape = x.aval.shape.with(axis, r.out);
  const weight = ops.broadcast(context.capture({ shape: [r.out], dtype: precision, data: portion }), shape, [axis]);
  if (transposed) {
    const part = ops.mul(x, weight);
    return ops.add(ops.scatterAdd(ops.sub(x, part), here, axis, length), ops.scatterAdd(part, next, axis, length));
  }
  const first = ops.gather(x, here, axis);
  return ops.add(first, ops.mul(ops.sub(ops.gather(x, next, axis), first), weight));
};

const alongAxis = (context: KernelContext, x: Atom, r: Resized, transposed: boolean): Atom =>
  (Math.max(r.length, r.out) <= LONGEST ? byMatrix : byPlaces)(context, x, r, transposed);

const isSame = ({ length, out }: Resized): boolean => length === out;

/** The axis that shrinks most comes first, in its direction. */
const bySize = (axes: readonly Resized[], transposed: boolean): Resized[] => {
  const growth = ({ length, out }: Resized): number => (transposed ? length / out : out / length);
  return axes.filter((r) => !isSame(r)).sort((a, b) => growth(a) - growth(b));
};

const resizeBilinear: KernelRule = (
  context,
  { images },
  { size, ...attrs }: ResizeAttrs & { readonly size: [number, number] },
) =>
  bySize(resizedAxes(images.aval.shape, size, attrs), false).reduce(
    (rest, r) => alongAxis(context, rest, r, false),
    asFloat(context, images),
  );

/** tfjs' own forgets halfPixelCenters, and gives images that aren't square a wrong shape. */
const resizeBilinearGrad: KernelRule = (context, { dy, images }, attrs: ResizeAttrs) =>
  bySize(resizedAxes(images.aval.shape, dy.aval.shape.slice(1, 3), attrs), true).reduce(
    (rest, r) => alongAxis(context, rest, r, true),
    asFloat(context, dy),
  );

/** Which element of the input each of the output's is. */
const nearestPlaces = (r: Resized): number[] => {
  const step = stepOf(r);
  return Array.from({ length: r.out }, (_, o) => {
    const place = r.halfPixelCenters ? step * (o + 0.5) : step * o;
    return Math.min(r.length - 1, r.alignCorners ? Math.round(place) : Math.floor(place));
  });
};

/** Places first, first + step, …, each `times` in a row. */
interface Regular {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly times: number;
}

const regularity = (places: readonly number[]): Regular | undefined => {
  const [first] = places;
  const other = places.findIndex((place) => place !== first);
  const times = other < 0 ? places.length : other;
  const step = other < 0 ? 1 : places[other] - first;
  const isRegular = places.every((place, o) => place === first + step * Math.floor(o / times));
  return isRegular && places.length % times === 0 ? { first, step, count: places.length / times, times } : undefined;
};

const indicesOf = (context: KernelContext, places: readonly number[]): Atom =>
  context.capture({ shape: [places.length], dtype: 'int32', data: Int32Array.from(places) });

/** The elements of an axis at places in ascending order. */
const taken = (context: KernelContext, x: Atom, axis: number, places: readonly number[]): Atom => {
  const { ops } = context;
  const regular = regularity(places);
  if (!regular) return ops.gather(x, indicesOf(context, places), axis);
  const { first, step, count, times } = regular;
  const thinned = ops.sliceAxis(x, axis, first, first + (count - 1) * step + 1, step);
  const { shape } = thinned.aval;
  const kept = shape.map((_, i) => (i <= axis ? i : i + 1));
  const repeated = ops.broadcast(thinned, shape.toSpliced(axis + 1, 0, times), kept);
  return ops.reshape(repeated, shape.with(axis, count * times));
};

/** The transpose of `taken`: elements added up at their places in an axis of `length`. */
const returned = (context: KernelContext, y: Atom, axis: number, places: readonly number[], length: number): Atom => {
  const { ops } = context;
  const regular = regularity(places);
  if (!regular) return ops.scatterAdd(y, indicesOf(context, places), axis, length);
  const { first, step, count, times } = regular;
  const sums = ops.sum(ops.reshape(y, y.aval.shape.toSpliced(axis, 1, count, times)), [axis + 1]);
  const only = (n: number): number[] => y.aval.shape.map((_, i) => (i === axis ? n : 0));
  return ops.pad(sums, only(first), only(length - 1 - first - (count - 1) * step), only(step - 1));
};

const resizeNearest: KernelRule = (
  context,
  { images },
  { size, ...attrs }: ResizeAttrs & { readonly size: [number, number] },
) =>
  resizedAxes(images.aval.shape, size, attrs).reduce(
    (rest, r) => taken(context, rest, r.axis, nearestPlaces(r)),
    images,
  );

/** tfjs' own forgets halfPixelCenters, and mixes up images but the first. */
const resizeNearestGrad: KernelRule = (context, { dy, images }, attrs: ResizeAttrs) =>
  resizedAxes(images.aval.shape, dy.aval.shape.slice(1, 3), attrs).reduceRight(
    (rest, r) => returned(context, rest, r.axis, nearestPlaces(r), r.length),
    dy,
  );

export const resizing = {
  ResizeBilinear: resizeBilinear,
  ResizeBilinearGrad: resizeBilinearGrad,
  ResizeNearestNeighbor: resizeNearest,
  ResizeNearestNeighborGrad: resizeNearestGrad,
} satisfies KernelFamily;
