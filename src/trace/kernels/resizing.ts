/** Resizing of images along fixed axes: bilinear by one small matrix per axis, nearest by moving elements. */

import { allocate, type Shape } from '../../ir/aval.ts';
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

/** The weights of the input's elements in each of the output's, row by row: tfjs' formula, in its order. */
const bilinearWeights = (r: Resized, weights: Float32Array | Float64Array): typeof weights => {
  const step = stepOf(r);
  for (let o = 0; o < r.out; o++) {
    const place = r.halfPixelCenters ? step * (o + 0.5) - 0.5 : step * o;
    const lower = Math.max(0, Math.floor(place));
    const upper = Math.min(r.length - 1, Math.ceil(place));
    const portion = upper === lower ? 0 : place - lower;
    weights[o * r.length + lower] = 1 - portion;
    if (portion !== 0) weights[o * r.length + upper] = portion;
  }
  return weights;
};

/**
 * Every element of an axis multiplied by a matrix [out, length], or by its transpose. A product with all of the axis,
 * most of it by zeros, is faster than taking two rows by their indices up to a thousand elements or so, and far faster
 * than adding to them.
 */
const alongAxis = (context: KernelContext, x: Atom, r: Resized, transposed: boolean): Atom => {
  const { ops, precision } = context;
  const data = bilinearWeights(r, allocate(precision, r.out * r.length) as Float32Array | Float64Array);
  const matrix = context.capture({ shape: [r.out, r.length], dtype: precision, data });
  const lhs = x.aval.shape.map((_, i) => i);
  const fresh = lhs.length;
  const out = lhs.with(r.axis, fresh);
  return ops.dot(x, matrix, { lhs, rhs: transposed ? [r.axis, fresh] : [fresh, r.axis], out });
};

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
