/** Lowerings of reductions: reduce_sum, reduce_max, reduce_min, argmax, argmin, argtopk, cumsum. */

import { isFloat, type Shape, sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import type { Atom } from '../../ir/program.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import type { Lowering } from './lowering.ts';

type Axes = PrimitiveParams['reduce_sum'];

const without = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, i) => !axes.includes(i));

/** Longer sums are left to ReduceSum, which adds in pairs; a product adds in order. */
const LONGEST_PRODUCT = 4096;

/**
 * Sums over the first or the last axes as a product with ones, which has no transposes and runs at the speed of
 * memory: [256, 64] over 0 in 2 µs against 15 (bench/lowering.ts). Undefined where ReduceSum is as good.
 */
const sumByProduct = (graph: GraphBuilder, x: Tensor, axes: readonly number[]): Tensor | undefined => {
  const kept = without(x.shape, axes);
  const length = sizeOf(axes.map((axis) => x.shape[axis]));
  const width = sizeOf(kept);
  if (x.dtype === 'int32' || length > LONGEST_PRODUCT || length < 2 || width < 2) return undefined;
  const real = x.shape.map((d, i) => ({ d, reduced: axes.includes(i) })).filter(({ d }) => d !== 1);
  const flips = real.filter(({ reduced }, i) => i > 0 && reduced !== real[i - 1].reduced).length;
  if (flips !== 1) return undefined;
  const ones = graph.filled(1, [1, length], x.dtype);
  if (real[0].reduced) {
    const made = graph.node('MatMul', [ones, graph.reshape(x, [length, width])], x.dtype, [1, width]);
    return graph.reshape(made, kept);
  }
  if (x.dtype !== 'float32') return undefined;
  const rows = graph.reshape(x, [width, length]);
  const made = graph.node('Gemm', [ones, rows], x.dtype, [1, width], { attributes: { transB: 1 } });
  return graph.reshape(made, kept);
};

/**
 * Sums over one short axis between others, part by part: ReduceSum takes 130 ns for each such matrix, a copied run 6
 * (bench/lowering.ts). Undefined where ReduceSum is as good.
 */
const sumOfParts = (graph: GraphBuilder, x: Tensor, [axis, ...more]: readonly number[]): Tensor | undefined => {
  const count = x.shape[axis];
  const run = sizeOf(x.shape.slice(axis + 1));
  if (more.length > 0 || run === 1 || count * (6 + 0.35 * run) > 130) return undefined;
  return total(graph, graph.split(x, axis));
};

/** The sum of tensors of one shape; Sum has no int32 kernel. */
export const total = (graph: GraphBuilder, terms: readonly Tensor[]): Tensor => {
  const [first, ...rest] = terms;
  if (rest.length === 0) return first;
  if (first.dtype !== 'int32') return graph.node('Sum', terms, first.dtype, first.shape);
  return rest.reduce((sum, term) => graph.node('Add', [sum, term], sum.dtype, sum.shape), first);
};

/** The sum of a tensor over axes that it has in full. */
export const sumOver = (graph: GraphBuilder, x: Tensor, axes: readonly number[]): Tensor => {
  const kept = without(x.shape, axes);
  const reduced = axes.filter((axis) => x.shape[axis] !== 1);
  if (reduced.length === 0) return graph.reshape(x, kept);
  const found = sumByProduct(graph, x, axes) ?? sumOfParts(graph, x, reduced);
  if (found) return graph.reshape(found, kept);
  return graph.reduce('ReduceSum', x, axes, x.dtype);
};

/** How often the axes repeat the tensor of an atom. */
const repeats = (atom: Atom, tensor: Tensor, order: readonly number[], axes: readonly number[]): number =>
  axes.reduce((n, axis) => n * (tensor.shape[order.indexOf(axis)] === 1 ? atom.aval.shape[axis] : 1), 1);

export const scaled = (graph: GraphBuilder, x: Tensor, factor: number): Tensor =>
  factor === 1 ? x : graph.node('Mul', [x, graph.scalar(factor, x.dtype)], x.dtype, x.shape);

/** Where the axes stand in a tensor, and the order of those that are left when they are gone. */
const places = (order: readonly number[], axes: readonly number[]): { at: number[]; left: number[] } => {
  const at = order.map((_, i) => i).filter((i) => axes.includes(order[i]));
  const rest = order.filter((axis) => !axes.includes(axis));
  return { at, left: rest.map((axis) => axis - axes.filter((gone) => gone < axis).length) };
};

export const reduceSum: Lowering<Axes> = (site, [x], { axes }) => {
  const { tensor, order } = site.placed(x);
  const { at, left } = places(order, axes);
  const sum = sumOver(site.graph, tensor, at);
  return { tensor: scaled(site.graph, sum, repeats(x, tensor, order, axes)), order: left };
};

/** Up to this length along one axis, Max over its parts is as fast as ReduceMax with a look for NaN (bench/lowering.ts). */
const SHORTEST_REDUCED = 8;

/** The engine's reductions lose a NaN that isn't met first. */
const unlessNan = (graph: GraphBuilder, x: Tensor, axes: readonly number[], found: Tensor): Tensor => {
  const nan = graph.node('IsNaN', [x], 'bool', x.shape);
  const any = graph.anyOver(nan, axes);
  return graph.node('Where', [any, graph.scalar(Number.NaN, x.dtype), found], x.dtype, found.shape);
};

const extremeOver = (graph: GraphBuilder, elementwise: 'Max' | 'Min', x: Tensor, axes: readonly number[]): Tensor => {
  const { dtype } = x;
  const kept = without(x.shape, axes);
  const real = axes.filter((axis) => x.shape[axis] !== 1);
  if (real.length === 0) return graph.reshape(x, kept);
  if (real.length === 1 && x.shape[real[0]] <= SHORTEST_REDUCED) {
    const parts = graph.split(x, real[0]);
    return graph.reshape(graph.node(elementwise, parts, dtype, parts[0].shape), kept);
  }
  const found = graph.reduce(`Reduce${elementwise}`, x, axes, dtype);
  return isFloat(dtype) ? unlessNan(graph, x, axes, found) : found;
};

const extreme =
  (elementwise: 'Max' | 'Min'): Lowering<Axes> =>
  (site, [x], { axes }) => {
    const { tensor, order } = site.placed(x);
    const { at, left } = places(order, axes);
    return { tensor: extremeOver(site.graph, elementwise, tensor, at), order: left };
  };
export const reduceMax = extreme('Max');
export const reduceMin = extreme('Min');

const place =
  (opType: 'ArgMax' | 'ArgMin'): Lowering<{ readonly axis: number }> =>
  (site, [x], { axis }) => {
    const { graph } = site;
    const { order } = site.placed(x);
    const tensor = site.at(x, order, (i) => i === axis);
    const { at, left } = places(order, [axis]);
    const shape = without(tensor.shape, at);
    const found = graph.node(opType, [tensor], 'int32', shape, {
      attributes: { axis: at[0], keepdims: Number(shape.length === 0), select_last_index: 0 },
    });
    // Its results are int64.
    return { tensor: graph.fromInt64(found.name, shape, 'int32'), order: left };
  };
export const argmax = place('ArgMax');
export const argmin = place('ArgMin');

/** NaN, which the engine would put anywhere, as infinity. */
const ranked = (graph: GraphBuilder, x: Tensor): Tensor => {
  if (!isFloat(x.dtype)) return x;
  const nan = graph.node('IsNaN', [x], 'bool', x.shape);
  return graph.node('Where', [nan, graph.scalar(Number.POSITIVE_INFINITY, x.dtype), x], x.dtype, x.shape);
};

export const argtopk: Lowering<PrimitiveParams['argtopk']> = (site, [x], { axis, k }) => {
  const { graph } = site;
  const { order } = site.placed(x);
  const tensor = ranked(
    graph,
    site.at(x, order, (i) => i === axis),
  );
  const at = order.indexOf(axis);
  const shape = tensor.shape.with(at, k);
  const both = [
    { dtype: tensor.dtype, shape },
    { dtype: 'int32' as const, shape },
  ];
  const [, found] = graph.several('TopK', [tensor, graph.ints([k])], both, {
    attributes: { axis: at, largest: 1, sorted: 1 },
  });
  // Its places are int64.
  return { tensor: graph.fromInt64(found.name, shape, 'int32'), order };
};

export const cumsum: Lowering<PrimitiveParams['cumsum']> = (site, [x], { axis, exclusive, reverse }) => {
  const { graph } = site;
  const { order } = site.placed(x);
  const tensor = site.at(x, order, (i) => i === axis);
  const attributes = { exclusive: Number(exclusive), reverse: Number(reverse) };
  const operands = [tensor, graph.int(order.indexOf(axis))];
  return { tensor: graph.node('CumSum', operands, tensor.dtype, tensor.shape, { attributes }), order };
};
