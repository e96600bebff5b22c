/** Lowerings of reductions: reduce_sum, reduce_max, reduce_min, argmax, argmin, argtopk, cumsum, dot. */

import { isFloat, sizeOf } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import type { Lowering } from './lowering.ts';

type Axes = PrimitiveParams['reduce_sum'];

export const reduceSum: Lowering<Axes> = (site, [x], { axes }) => site.graph.reduce('Sum', site.full(x), axes);

/** XLA's reductions lose a NaN on the CPU. */
const extreme =
  (op: 'Max' | 'Min'): Lowering<Axes> =>
  (site, [x], { axes }, { shape }) => {
    const { graph } = site;
    const source = site.full(x);
    const found = graph.reduce(op, source, axes);
    if (!isFloat(source.dtype) || axes.length === 0) return found;
    const nan = graph.node('IsNan', [source], { dtype: 'bool', shape: source.shape });
    const any = graph.untyped('Any', [nan, graph.ints(axes)], { dtype: 'bool', shape }, {});
    return graph.select(any, graph.scalar(Number.NaN, source.dtype), found);
  };
export const reduceMax = extreme('Max');
export const reduceMin = extreme('Min');

const place =
  (op: 'ArgMax' | 'ArgMin'): Lowering<PrimitiveParams['argmax']> =>
  (site, [x], { axis }, output) =>
    site.graph.node(op, [site.full(x), site.graph.scalar(axis, 'int32')], output, {
      Tidx: { type: 'int32' },
      output_type: { type: 'int32' },
    });
export const argmax = place('ArgMax');
export const argmin = place('ArgMin');

/** x with infinity in the place of NaN, and one zero for both, of which XLA would put one before the other. */
const ranked = (graph: GraphBuilder, x: Tensor): Tensor => {
  if (!isFloat(x.dtype)) return x;
  const bool = { dtype: 'bool', shape: x.shape } as const;
  const nan = graph.node('IsNan', [x], bool);
  const numbers = graph.select(nan, graph.scalar(Number.POSITIVE_INFINITY, x.dtype), x);
  const zero = graph.scalar(0, x.dtype);
  return graph.select(graph.node('Equal', [x, zero], bool), zero, numbers);
};

/** TopKV2 looks along the last axis. */
export const argtopk: Lowering<PrimitiveParams['argtopk']> = (site, [x], { axis, k }) => {
  const { graph } = site;
  const last = x.aval.shape.length - 1;
  const exchanged = x.aval.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
  const source = graph.transpose(ranked(graph, site.full(x)), exchanged);
  const result = { port: 'indices', dtype: 'int32', shape: source.shape.with(last, k) } as const;
  const found = graph.node('TopKV2', [source, graph.scalar(k, 'int32')], result, { sorted: true });
  return graph.transpose(found, exchanged);
};

interface Running {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

const runningSum = (graph: GraphBuilder, x: Tensor, { axis, exclusive, reverse }: Running): Tensor =>
  graph.node('Cumsum', [x, graph.scalar(axis, 'int32')], x, { Tidx: { type: 'int32' }, exclusive, reverse });

/** XLA sums up to each place anew: lines are cut into stretches of so many, whose sums are run over in turn. */
const STRETCH = 8;

/** Each place is its stretch's sum up to there, after the sums of the stretches before: what comes later has no part in it. */
const runningSumInStretches = (graph: GraphBuilder, x: Tensor, running: Running): Tensor => {
  const { axis, reverse } = running;
  const length = x.shape[axis];
  if (length <= 2 * STRETCH) return runningSum(graph, x, running);
  const count = Math.ceil(length / STRETCH);
  const none = x.shape.map(() => 0);
  const missing = none.with(axis, count * STRETCH - length);
  // Zeros where the sum would come to last.
  const padded = reverse ? graph.pad(x, missing, none) : graph.pad(x, none, missing);
  const cut = graph.reshape(padded, x.shape.toSpliced(axis, 1, count, STRETCH));
  const within = runningSum(graph, cut, { ...running, axis: axis + 1 });
  const sums = graph.reduce('Sum', cut, [axis + 1]);
  const before = runningSumInStretches(graph, sums, { axis, reverse, exclusive: true });
  const columns = graph.reshape(before, x.shape.toSpliced(axis, 1, count, 1));
  const summed = graph.node('AddV2', [within, columns], cut);
  const whole = graph.reshape(summed, padded.shape);
  const start = reverse ? missing[axis] : 0;
  return graph.sliceAlong(whole, axis, start, start + length);
};

export const cumsum: Lowering<PrimitiveParams['cumsum']> = (site, [x], params) =>
  (site.jit ? runningSumInStretches : runningSum)(site.graph, site.full(x), params);

type Labels = readonly number[];

/** An operand in the axes of `order` that it has, and length 1 along the others. */
const aligned = (graph: GraphBuilder, x: Tensor, labels: Labels, order: Labels): Tensor => {
  const own = order.filter((label) => labels.includes(label));
  const moved = graph.transpose(
    x,
    own.map((label) => labels.indexOf(label)),
  );
  const shape = order.map((label) => (own.includes(label) ? moved.shape[own.indexOf(label)] : 1));
  return graph.reshape(moved, shape);
};

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A sum of products of matrices, or where there are none, of numbers. */
export const dot: Lowering<PrimitiveParams['dot']> = (site, [x, y], { lhs, rhs, out }, output) => {
  const { graph } = site;
  // What only one operand has and the result lacks is summed first.
  const alone = (labels: Labels, others: Labels): number[] =>
    labels.map((_, i) => i).filter((i) => !others.includes(labels[i]) && !out.includes(labels[i]));
  const [left, right] = [alone(lhs, rhs), alone(rhs, lhs)];
  const a = { tensor: graph.reduce('Sum', site.full(x), left), labels: lhs.filter((_, i) => !left.includes(i)) };
  const b = { tensor: graph.reduce('Sum', site.full(y), right), labels: rhs.filter((_, i) => !right.includes(i)) };
  const lengthOf = (label: number): number => x.aval.shape[lhs.indexOf(label)] ?? y.aval.shape[rhs.indexOf(label)];
  const volume = (labels: Labels): number => sizeOf(labels.map(lengthOf));
  const summed = a.labels.filter((label) => !out.includes(label));
  const rows = a.labels.filter((label) => !b.labels.includes(label));
  const columns = b.labels.filter((label) => !a.labels.includes(label));
  const isElementwise = volume(summed) === 1 || (volume(rows) === 1 && volume(columns) === 1 && volume(out) > 1);
  if (isElementwise) {
    const order = [...out, ...summed];
    const operands = [a, b].map(({ tensor, labels }) => aligned(graph, tensor, labels, order));
    const made = graph.node('Mul', operands, { dtype: output.dtype, shape: order.map(lengthOf) });
    return graph.reduce(
      'Sum',
      made,
      summed.map((_, i) => out.length + i),
    );
  }
  const names = [...new Set([...a.labels, ...b.labels])];
  const written = (labels: Labels): string => labels.map((label) => LETTERS[names.indexOf(label)]).join('');
  const equation = `${written(a.labels)},${written(b.labels)}->${written(out)}`;
  return graph.node('Einsum', [a.tensor, b.tensor], output, { N: 2, equation });
};
