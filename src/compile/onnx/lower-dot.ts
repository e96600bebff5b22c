/** The lowering of dot: repeated and length-1 axes are set aside, the rest is one matrix product or a multiply. */

import { BoundedCache } from '../../bounded-cache.ts';
import { type Dtype, isFloat, sizeOf } from '../../ir/aval.ts';
import type { DotParams } from '../../ir/params.ts';
import type { Atom } from '../../ir/program.ts';
import { extentsByLabel } from '../../primitives/dot-labels.ts';
import {
  cheapestPlan,
  type DotPlan,
  type DotProblem,
  dotPlans,
  type Labels,
  type Layout,
  type MatrixProduct,
} from './dot-plan.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import { native } from './lower-elementwise.ts';
import { scaled, sumOver } from './lower-reduce.ts';
import type { Lowering } from './lowering.ts';
import { MICROSOFT } from './model.ts';
import { inOrder, type Site } from './site.ts';

/** An operand without the axes that it has only in name. */
interface Operand {
  readonly tensor: Tensor;
  readonly labels: Labels;
}

type Extent = (label: number) => number;

const product = (labels: Labels, extent: Extent): number => labels.reduce((size, label) => size * extent(label), 1);

const operandOf = (site: Site, atom: Atom, labels: Labels): Operand => {
  const { tensor, order } = site.placed(atom);
  const real = order.map((axis) => labels[axis]).filter((_, i) => tensor.shape[i] !== 1);
  const shape = tensor.shape.filter((d) => d !== 1);
  return { tensor: site.graph.reshape(tensor, shape), labels: real };
};

/** Sums over labels that the other operand only repeats. */
const summedAlone = (graph: GraphBuilder, { tensor, labels }: Operand, other: Labels, out: Labels): Operand => {
  const alone = labels.filter((label) => !other.includes(label) && !out.includes(label));
  if (alone.length === 0) return { tensor, labels };
  const axes = alone.map((label) => labels.indexOf(label));
  return { tensor: sumOver(graph, tensor, axes), labels: labels.filter((label) => !alone.includes(label)) };
};

const arranged = (graph: GraphBuilder, { tensor, labels }: Operand, order: Labels): Tensor =>
  graph.transpose(
    tensor,
    order.map((label) => labels.indexOf(label)),
  );

/** An operand as the kernel takes it: loop axes, then two matrix axes. */
const matrices = (
  graph: GraphBuilder,
  operand: Operand,
  { order, swapped, loopsInside }: Layout,
  loops: Labels,
  [rows, columns]: readonly [Labels, Labels],
  extent: Extent,
): Tensor => {
  const laid = arranged(graph, operand, order);
  const own = loops.some((label) => operand.labels.includes(label));
  const outer = own ? loops.map((label) => (operand.labels.includes(label) ? extent(label) : 1)) : [];
  const [first, second] = (swapped ? [columns, rows] : [rows, columns]).map((labels) => product(labels, extent));
  return graph.reshape(laid, loopsInside ? [first, ...outer, second] : [...outer, first, second]);
};

const kernel = (graph: GraphBuilder, plan: MatrixProduct, left: Tensor, right: Tensor, shape: number[]): Tensor => {
  const transA = Number(plan.left.swapped);
  const transB = Number(plan.right.swapped);
  const transBatchA = Number(plan.left.loopsInside);
  const transBatchB = Number(plan.right.loopsInside);
  if (transA + transB + transBatchA + transBatchB === 0) return graph.node('MatMul', [left, right], left.dtype, shape);
  if (plan.loops.length === 0) {
    return graph.node('Gemm', [left, right], left.dtype, shape, { attributes: { transA, transB } });
  }
  return graph.node('FusedMatMul', [left, right], left.dtype, shape, {
    attributes: { transA, transB, transBatchA, transBatchB },
    domain: MICROSOFT,
  });
};

const multiplyMatrices = (graph: GraphBuilder, plan: MatrixProduct, lhs: Operand, rhs: Operand, extent: Extent) => {
  const { loops, m, n, k } = plan;
  const [l, r] = plan.exchanged ? [rhs, lhs] : [lhs, rhs];
  const left = matrices(graph, l, plan.left, loops, [m, k], extent);
  const right = matrices(graph, r, plan.right, loops, [k, n], extent);
  const shape = [...loops.map(extent), product(m, extent), product(n, extent)];
  const labels = [...loops, ...m, ...n];
  return { tensor: graph.reshape(kernel(graph, plan, left, right, shape), labels.map(extent)), labels };
};

const multiplyElements = (
  graph: GraphBuilder,
  order: Labels,
  lhs: Operand,
  rhs: Operand,
  out: Labels,
  extent: Extent,
) => {
  const [x, y] = [lhs, rhs].map((operand) => {
    const own = order.filter((label) => operand.labels.includes(label));
    const shape = order.map((label) => (own.includes(label) ? extent(label) : 1));
    const first = shape.findIndex((d) => d !== 1);
    return graph.reshape(arranged(graph, operand, own), first < 0 ? [] : shape.slice(first));
  });
  const made = graph.node('Mul', [x, y], x.dtype, order.map(extent));
  const axes = order.map((_, i) => i).filter((i) => !out.includes(order[i]));
  return { tensor: sumOver(graph, made, axes), labels: order.filter((label) => out.includes(label)) };
};

const precisionOf = (dtype: Dtype): DotProblem['precision'] =>
  dtype === 'float32' || dtype === 'float64' ? dtype : 'integer';

/** Carries out a plan; the result's labels are `out`, in whatever order comes of it. */
const carriedOut = (graph: GraphBuilder, plan: DotPlan, lhs: Operand, rhs: Operand, out: Labels, extent: Extent) =>
  plan.kind === 'matmul'
    ? multiplyMatrices(graph, plan, lhs, rhs, extent)
    : multiplyElements(graph, plan.order, lhs, rhs, out, extent);

/** Plans of recent dots: a program's groups have many alike. */
const plans = new BoundedCache<DotPlan[]>(256);

/** The lowering that carries out the plan that `choose` takes. */
export const dotBy =
  (choose: (plans: readonly DotPlan[]) => DotPlan): Lowering<DotParams> =>
  (site, [x, y], params, output) => {
    const { graph } = site;
    const extents = extentsByLabel([x, y], params);
    const extent: Extent = (label) => extents.get(label) as number;

    const given = [operandOf(site, x, params.lhs), operandOf(site, y, params.rhs)];
    const lhs = summedAlone(graph, given[0], given[1].labels, params.out);
    const rhs = summedAlone(graph, given[1], given[0].labels, params.out);
    // Labels that are summed but that both operands only repeat.
    const absent = params.lhs.filter(
      (label) => !params.out.includes(label) && !given[0].labels.includes(label) && !given[1].labels.includes(label),
    );
    const out = params.out.filter((label) => lhs.labels.includes(label) || rhs.labels.includes(label));
    const precision = precisionOf(output.dtype);
    const key = [precision, lhs.labels, rhs.labels, out, [...extents]].join(' ');
    const problem = { lhs: lhs.labels, rhs: rhs.labels, out, extent, precision };
    const plan = choose(plans.getOrMake(key, () => dotPlans(problem)));
    const made = carriedOut(graph, plan, lhs, rhs, out, extent);
    const repeated = params.out.filter((label) => !out.includes(label));
    const order = [...repeated, ...made.labels].map((label) => params.out.indexOf(label));
    const tensor = graph.reshape(made.tensor, [...repeated.map(() => 1), ...made.tensor.shape]);
    return { tensor: scaled(graph, tensor, product(absent, extent)), order };
  };

export const dot = dotBy(cheapestPlan);

/** Smaller outer products are left to Mul. */
const SMALL_PRODUCT = 1024;

/** A product of operands that each vary along an axis of their own may be an outer product: a dot that sums nothing. */
export const mul: Lowering<Record<never, never>> = (site, inputs, params, output) => {
  const [x, y] = inputs.map((a) => {
    const { tensor, order } = site.placed(a);
    return order.filter((_, i) => tensor.shape[i] !== 1);
  });
  const isOuter = x.some((axis) => !y.includes(axis)) && y.some((axis) => !x.includes(axis));
  if (!isOuter || !isFloat(output.dtype) || sizeOf(output.shape) < SMALL_PRODUCT) {
    return native('Mul')(site, inputs, params, output);
  }
  const axes = inOrder(output.shape.length);
  return dot(site, inputs, { lhs: axes, rhs: axes, out: axes }, output);
};
