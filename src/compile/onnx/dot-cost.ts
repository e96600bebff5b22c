/**
 * What the parts of a dot cost in nanoseconds on one thread, as measured (bench/lowering.ts): the engine's matrix
 * products of large and small shapes, and its transposes, whose speed depends on which axes move.
 */

import { sameShape } from '../../ir/aval.ts';
import { LONG_RUN, movesOne } from './transpose-steps.ts';

export type Precision = 'float32' | 'float64' | 'integer';

type Extent = (label: number) => number;

interface Rates {
  /** Flops per ns of a large product. */
  readonly peak: number;
  /** Columns that the kernel works on at once. */
  readonly lanes: number;
  /** Per product: one of a loop. */
  readonly call: number;
  /** Per element of the right operand, which is packed; of the result; of a left operand stored the other way. */
  readonly right: number;
  readonly result: number;
  readonly leftSwapped: number;
  /** Per row of the result. */
  readonly row: number;
  /** Per element of the matrix in a product with a vector: the matrix on the right or on the left, as it is or swapped. */
  readonly vector: { readonly right: readonly [number, number]; readonly left: readonly [number, number] };
  /**
   * More per element of an operand that is far larger than the cache: of a left one, thrice that if read by columns; of
   * a right one, which is packed; in a product with a vector.
   */
  readonly far: { readonly left: number; readonly right: number; readonly vector: number };
  /** Per element of a transpose: that keeps the innermost run, and per run; that moves one axis; that moves several. */
  readonly transpose: { readonly kept: number; readonly run: number; readonly one: number; readonly several: number };
}

/** Fitted to 1000 products each of sizes from 1 to 16384, to within a factor of 1.6 for nine in ten. */
const FLOAT32: Rates = {
  peak: 90,
  lanes: 16,
  call: 150,
  right: 0.21,
  result: 0.075,
  leftSwapped: 0.24,
  row: 2,
  vector: { right: [0.083, 0.075], left: [0.075, 0.07] },
  far: { left: 0.35, right: 1.5, vector: 0.15 },
  transpose: { kept: 0.3, run: 12, one: 0.5, several: 1.1 },
};
const FLOAT64: Rates = {
  peak: 44,
  lanes: 8,
  call: 200,
  right: 0.36,
  result: 0.14,
  leftSwapped: 0.21,
  row: 1,
  vector: { right: [0.5, 0.4], left: [0.3, 0.68] },
  far: { left: 0.7, right: 2, vector: 0.3 },
  transpose: { kept: 0.6, run: 11, one: 1.5, several: 3.5 },
};
const RATES: Record<Precision, Rates> = {
  float32: FLOAT32,
  float64: FLOAT64,
  integer: { ...FLOAT32, peak: 1, lanes: 1 },
};

/** Per term of a product of a row and a column, which the engine adds up one after the other, in both precisions. */
const TERM = 3.7;
/** Elements of an operand that is far larger than the cache. */
const FAR = 1 << 20;
const NODE = 600;

export interface KernelShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly loops: number;
}

/** `loops` products of [m, k] and [k, n], either of which may be stored the other way round. */
export const kernelCost = (
  { m, n, k, loops }: KernelShape,
  leftSwapped: boolean,
  rightSwapped: boolean,
  precision: Precision,
): number => {
  const rates = RATES[precision];
  const farOf = (size: number, rate: number): number => (size > FAR ? size * rate : 0);
  const vector = (size: number, rate: number): number =>
    NODE + loops * (rates.call + size * rate + farOf(size, rates.far.vector));
  if (m === 1 && n === 1) return NODE + loops * (rates.call + TERM * k);
  if (m === 1) return vector(k * n, rates.vector.right[Number(rightSwapped)]);
  if (n === 1) return vector(m * k, rates.vector.left[Number(leftSwapped)]);
  const far = farOf(m * k, rates.far.left * (leftSwapped ? 3 : 1)) + farOf(k * n, rates.far.right);
  const fixed = rates.call + far;
  const flops = 2 * m * Math.ceil(n / rates.lanes) * rates.lanes * k;
  const turned = leftSwapped ? rates.leftSwapped * m * k : 0;
  return (
    NODE + loops * (fixed + flops / rates.peak + rates.right * k * n + rates.result * m * n + turned + rates.row * m)
  );
};

/** An elementwise product in `outer` runs of broadcasting, and the sum after it. */
export const multiplyCost = (outer: number, run: number, isSummed: boolean, precision: Precision): number => {
  const rate = precision === 'float64' ? 2 : 1;
  return (
    NODE + outer * run * 0.3 * rate + (outer > 1 ? 10 * outer : 0) + (isSummed ? NODE + outer * run * 0.4 * rate : 0)
  );
};

/** Runs of labels that are neighbours in both orders, each as the range of its places in `from`. */
const runsOf = (from: readonly number[], to: readonly number[]): number[][] => {
  const runs: number[][] = [];
  for (const label of to) {
    const last = runs.at(-1);
    if (last && from.indexOf(label) === from.indexOf(last[last.length - 1]) + 1) last.push(label);
    else runs.push([label]);
  }
  return runs;
};

/** Bringing axes from one order into another; 0 where nothing moves. */
export const transposeCost = (
  from: readonly number[],
  to: readonly number[],
  extent: Extent,
  precision: Precision,
): number => {
  if (sameShape(from, to)) return 0;
  const runs = runsOf(from, to);
  if (runs.length <= 1) return 0;
  const product = (labels: readonly number[]): number => labels.reduce((size, label) => size * extent(label), 1);
  const size = product(from);
  const last = runs[runs.length - 1];
  const rates = RATES[precision].transpose;
  const inner = last[last.length - 1] === from[from.length - 1] ? product(last) : 1;
  if (inner >= LONG_RUN) return NODE + size * (rates.kept + rates.run / inner);
  return NODE + size * (movesOne(runs.map((run) => from.indexOf(run[0]))) ? rates.one : rates.several);
};
