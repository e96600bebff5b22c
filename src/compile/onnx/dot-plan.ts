/** Chooses how a dot is made of the engine's matrix products, by the measured cost of each part. */

import { sameShape } from '../../ir/aval.ts';
import { kernelCost, multiplyCost, type Precision, transposeCost } from './dot-cost.ts';

/** Axis labels of an operand in order; lengths of 1 and repeated axes are left out beforehand. */
export type Labels = readonly number[];

export interface DotProblem {
  readonly lhs: Labels;
  readonly rhs: Labels;
  /** In `lhs`, in `rhs` or in both; what is not here is in both and is summed. */
  readonly out: Labels;
  readonly extent: (label: number) => number;
  readonly precision: Precision;
}

/** How an operand is laid out for a matrix product: its axes in this order, and what the kernel transposes itself. */
export interface Layout {
  readonly order: Labels;
  /** The kernel swaps its last two axis groups. */
  readonly swapped: boolean;
  /** The loop axes stand between the matrix axes, which only float32's kernel takes. */
  readonly loopsInside: boolean;
}

/** For each index of `loops`: left[m, k] · right[k, n]. Where nothing is summed, an outer product. */
export interface MatrixProduct {
  readonly kind: 'matmul';
  /** The left operand is rhs. */
  readonly exchanged: boolean;
  readonly loops: Labels;
  readonly m: Labels;
  readonly n: Labels;
  readonly k: Labels;
  readonly left: Layout;
  readonly right: Layout;
}

/** Both operands in the order of the result and the summed axes, multiplied element by element, then summed. */
export interface PlainProduct {
  readonly kind: 'multiply';
  readonly order: Labels;
}

export type DotPlan = (MatrixProduct | PlainProduct) & { readonly cost: number };

const same = sameShape;
const has = (labels: Labels) => (label: number) => labels.includes(label);
const lacks = (labels: Labels) => (label: number) => !labels.includes(label);

const sizeOf = (labels: Labels, extent: (label: number) => number): number =>
  labels.reduce((product, label) => product * extent(label), 1);

/** What a kernel takes: operands with their last two axis groups swapped, and with the loops between them. */
interface Takes {
  readonly swapped: boolean;
  readonly loopsInside: boolean;
}

/** The layout, of those that a kernel takes for matrix axes `rows`, `columns`, that costs least to bring an operand into. */
const cheapest = (
  labels: Labels,
  loops: Labels,
  rows: Labels,
  columns: Labels,
  takes: Takes,
  { extent, precision }: DotProblem,
): { layout: Layout; cost: number } => {
  let layout: Layout = { order: [...loops, ...rows, ...columns], swapped: false, loopsInside: false };
  let cost = transposeCost(labels, layout.order, extent, precision);
  const weigh = (order: Labels, swapped: boolean, loopsInside: boolean): void => {
    const other = transposeCost(labels, order, extent, precision);
    if (other < cost) [layout, cost] = [{ order, swapped, loopsInside }, other];
  };
  if (cost > 0 && takes.swapped) weigh([...loops, ...columns, ...rows], true, false);
  if (loops.length > 0 && takes.loopsInside) {
    if (cost > 0) weigh([...rows, ...loops, ...columns], false, true);
    if (cost > 0) weigh([...columns, ...loops, ...rows], true, true);
  }
  return { layout, cost };
};

/**
 * The part of its cost that moving the result into the order of `out` counts for: it isn't done here, and perhaps
 * nowhere. A product that sums nothing is the largest value around, which others would have to be brought to.
 */
const later = (isSummed: boolean): number => (isSummed ? 0.75 : 1);

/** One matrix product for a choice of loop axes and of the order of the summed ones. */
const matrixProduct = (problem: DotProblem, exchanged: boolean, loops: Labels, k: Labels): DotPlan => {
  const { extent, precision, out } = problem;
  const [lhs, rhs] = exchanged ? [problem.rhs, problem.lhs] : [problem.lhs, problem.rhs];
  const free = out.filter(lacks(loops));
  const m = free.filter(has(lhs));
  const n = free.filter(has(rhs));
  const leftLoops = loops.filter(has(lhs));
  const rightLoops = loops.filter(has(rhs));
  // A kernel that is given loops inside must find the same loops in both operands.
  const uniform = leftLoops.length === loops.length && rightLoops.length === loops.length;
  const isFloat32 = precision === 'float32';
  const takes = {
    swapped: isFloat32 || (precision === 'float64' && loops.length === 0),
    loopsInside: isFloat32 && uniform,
  };
  const left = cheapest(lhs, leftLoops, m, k, takes, problem);
  const right = cheapest(rhs, rightLoops, k, n, takes, problem);
  const shape = { m: sizeOf(m, extent), n: sizeOf(n, extent), k: sizeOf(k, extent), loops: sizeOf(loops, extent) };
  const cost =
    left.cost +
    right.cost +
    later(k.length > 0) * transposeCost([...loops, ...m, ...n], out, extent, precision) +
    kernelCost(shape, left.layout.swapped, right.layout.swapped, precision);
  return { kind: 'matmul', exchanged, loops, m, n, k, left: left.layout, right: right.layout, cost };
};

/** Loop axes worth trying: those that both operands and the result share, and beginnings of the result that have them. */
const loopChoices = ({ lhs, rhs, out }: DotProblem): Labels[] => {
  const shared = out.filter((label) => lhs.includes(label) && rhs.includes(label));
  const choices: Labels[] = [shared, lhs.filter(has(shared)), rhs.filter(has(shared))];
  for (let length = 1; length <= out.length; length++) {
    const start = out.slice(0, length);
    if (shared.every(has(start))) choices.push(start);
  }
  return choices.filter((choice, i) => choices.findIndex((other) => same(choice, other)) === i);
};

/** Ways to multiply element by element and sum after. */
const plainProducts = (problem: DotProblem, summed: Labels): DotPlan[] => {
  const { lhs, rhs, out, extent, precision } = problem;
  const own = (order: Labels): number =>
    transposeCost(lhs, order.filter(has(lhs)), extent, precision) +
    transposeCost(rhs, order.filter(has(rhs)), extent, precision);
  const kind = (label: number): number => Number(lhs.includes(label)) + 2 * Number(rhs.includes(label));
  const orders = [lhs.filter(has(summed)), rhs.filter(has(summed))].flatMap((sums) => [
    [...out, ...sums],
    [...sums, ...out],
  ]);
  return [...orders, lhs, rhs]
    .filter((order) => [...out, ...summed].every(has(order)))
    .map((order) => {
      const after = later(summed.length > 0) * transposeCost(order.filter(lacks(summed)), out, extent, precision);
      const start = order.findLastIndex((label) => kind(label) !== kind(order[order.length - 1])) + 1;
      const [outer, run] = [order.slice(0, start), order.slice(start)].map((labels) => sizeOf(labels, extent));
      return {
        kind: 'multiply',
        order,
        cost: own(order) + multiplyCost(outer, run, summed.length > 0, precision) + after,
      };
    });
};

/** All ways that are worth weighing. */
export const dotPlans = (problem: DotProblem): DotPlan[] => {
  const { lhs, rhs, out } = problem;
  const summed = lhs.filter((label) => rhs.includes(label) && !out.includes(label));
  const plans = plainProducts(problem, summed);
  const other = rhs.filter(has(summed));
  const orders = same(summed, other) ? [summed] : [summed, other];
  for (const exchanged of [false, true]) {
    for (const loops of loopChoices(problem)) {
      for (const k of orders) plans.push(matrixProduct(problem, exchanged, loops, k));
    }
  }
  return plans;
};

export const cheapestPlan = (plans: readonly DotPlan[]): DotPlan =>
  plans.reduce((best, plan) => (plan.cost < best.cost ? plan : best));
