/**
 * What the parts of a dot cost in nanoseconds on one thread, as measured (bench/lowering.ts): the engine's matrix
 * products of large and small shapes, and its transposes, whose speed depends on which axes move.
 */

export type Precision = 'float32' | 'float64' | 'integer';

type Extent = (label: number) => number;

interface Rates {
  /** Flops per ns of a large product. */
  readonly peak: number;
  /** Columns that the kernel works on at once. */
  readonly lanes: number;
  /** Per product: one of a loop. */
  readonly call: number;
  /** Per element of an operand that is packed or read, and of the result. */
  readonly element: number;
  /** Per element read with a stride, where one of m, n is 1. */
  readonly strided: number;
  /** Per element of a transpose that keeps the innermost run, moves one axis, moves several. */
  readonly transpose: readonly [number, number, number];
}

const RATES: Record<Precision, Rates> = {
  float32: { peak: 80, lanes: 16, call: 150, element: 0.12, strided: 0.1, transpose: [0.3, 0.4, 5.6] },
  float64: { peak: 37, lanes: 8, call: 200, element: 0.3, strided: 0.6, transpose: [0.6, 2.5, 2.5] },
  integer: { peak: 1, lanes: 1, call: 200, element: 0.5, strided: 1, transpose: [0.3, 0.4, 5.6] },
};

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
  const { peak, lanes, call, element, strided } = RATES[precision];
  if (m === 1 || n === 1) {
    // A matrix and a vector: the matrix is read once, well if along its rows.
    const columnwise = (n === 1 && leftSwapped) || (m === 1 && !rightSwapped);
    return NODE + loops * (call + m * n * k * (columnwise ? (element + strided) / 2 : element) + (m + n + k) * 0.05);
  }
  const flops = 2 * m * Math.ceil(n / lanes) * lanes * k;
  const turned = (leftSwapped ? 0.5 * m * k : 0) * element;
  return NODE + loops * (call + flops / peak + element * (k * n + m * n) + turned + 3 * m);
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

/** Innermost runs at least this long are copied as such. */
const LONG_RUN = 8;

/** Bringing axes from one order into another; 0 where nothing moves. */
export const transposeCost = (
  from: readonly number[],
  to: readonly number[],
  extent: Extent,
  precision: Precision,
): number => {
  const runs = runsOf(from, to);
  if (runs.length <= 1) return 0;
  const size = from.reduce((product, label) => product * extent(label), 1);
  const length = (run: readonly number[]): number => run.reduce((product, label) => product * extent(label), 1);
  const last = runs[runs.length - 1];
  const keepsInner = last[last.length - 1] === from[from.length - 1] && length(last) >= LONG_RUN;
  const order = runs.map((run) => from.indexOf(run[0]));
  const [kept, one, several] = RATES[precision].transpose;
  return NODE + size * (keepsInner ? kept : movesOne(order) ? one : several);
};

/** Whether taking one run out and putting it elsewhere explains the whole order. */
const movesOne = (order: readonly number[]): boolean =>
  order.some((_, out) => {
    const rest = order.filter((_place, i) => i !== out);
    return rest.every((place, i) => i === 0 || place > rest[i - 1]);
  });
