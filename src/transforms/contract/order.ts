/** In which order a product of factors is best multiplied out: every order of up to a few factors is priced. */

import type { Dtype } from '../../ir/aval.ts';
import { BATCH, type Factor, isDynamic, type Label, type Labels } from './term.ts';

/** A way to make one array of a set of factors: a factor itself, or the product of two ways. */
export type Order =
  | { readonly kind: 'factor'; readonly index: number }
  | {
      readonly kind: 'product';
      readonly left: Order;
      readonly right: Order;
      /** Of the result. */
      readonly labels: readonly Label[];
      readonly dynamic: boolean;
    };

export interface Priced {
  readonly order: Order;
  /** Nanoseconds per tile. */
  readonly cost: number;
  /** The result's labels, seed labels included until it depends on the batch. */
  readonly labels: readonly Label[];
  readonly dynamic: boolean;
}

/** What prices depend on. */
export interface Pricing {
  readonly labels: Labels;
  /** Tiles that one computation at the point serves. */
  readonly tiles: number;
  readonly seeds: ReadonlySet<Label>;
  readonly rates: Rates;
  /** Where a label stands in products, at the point or in the batch. */
  readonly rank: Rank;
}

export type Rank = (label: Label, dynamic: boolean) => number;

/** The labels of a product in the order in which it is made. */
const ranked = (labels: readonly Label[], rank: Rank, dynamic: boolean): Label[] =>
  [...labels].sort((a, b) => rank(a, dynamic) - rank(b, dynamic));

/** Nanoseconds of one core when nothing else runs, as the engine's profile has them (bench/profile.ts): what matters is their ratio. */
export interface Rates {
  /** Per multiplication of a large matrix product, of which so many columns are worked on at once. */
  readonly multiplyAdd: number;
  readonly lanes: number;
  /** Per element: of an elementwise op; of an outer product; of the matrix in a product with a vector. */
  readonly element: number;
  readonly outer: number;
  readonly matrixElement: number;
  /** Per element of what is taken of an array at the batch's columns. */
  readonly gathered: number;
  /** More per element of an operand whose axes are moved before it is multiplied. */
  readonly turned: number;
  /** More per element of a large operand of a matrix product: a right one, which is packed; a left one summed over an outer axis. */
  readonly packed: number;
  readonly largePacked: number;
  readonly turnedLeft: number;
  readonly largeLeft: number;
  /** Elements that caches hold; and per element that an op reads and writes beyond them, from memory. */
  readonly cached: number;
  readonly far: number;
}

const FLOAT32: Rates = {
  multiplyAdd: 0.025,
  lanes: 16,
  element: 0.3,
  outer: 0.15,
  matrixElement: 0.11,
  gathered: 0.35,
  turned: 0.6,
  packed: 0.9,
  largePacked: 1 << 19,
  turnedLeft: 1.5,
  largeLeft: 1 << 18,
  cached: 1 << 21,
  far: 0.25,
};

/** Twice the bytes, half the lanes; axes move one element at a time, and vectors are multiplied without vector code. */
const FLOAT64: Rates = {
  multiplyAdd: 0.05,
  lanes: 8,
  element: 0.6,
  outer: 0.3,
  matrixElement: 0.4,
  gathered: 0.7,
  turned: 2.4,
  packed: 1.8,
  largePacked: 1 << 18,
  turnedLeft: 3,
  largeLeft: 1 << 17,
  cached: 1 << 20,
  far: 0.5,
};

export const ratesOf = (dtype: Dtype): Rates => (dtype === 'float64' ? FLOAT64 : FLOAT32);

/** Of a node of the engine. */
export const PER_STEP = 3000;
/** One product of a loop; more where it is of vectors. One run of neighbours in an outer product. */
const PER_LOOP = 150;
const PER_VECTOR_LOOP = 800;
const PER_OUTER_RUN = 8;

/** What an op takes more because not all that it reads and writes is in a cache. */
export const farTime = (moved: number, { far, cached }: Rates): number => far * Math.max(0, moved - cached);
/** A constant product larger than this many elements is not kept at the point. */
const CONSTANT_CAP = 1 << 22;
/** More factors than this are priced greedily. */
const EXHAUSTIVE = 8;

/** Whether a static factor may be kept: it must serve several columns and fit. */
export const mayKeep = (
  labels: readonly Label[],
  { labels: sizes, seeds }: Pick<Pricing, 'labels' | 'seeds'>,
): boolean =>
  [...seeds].some((seed) => !labels.some((label) => sizes.isSeed(label) && sizes.origin(label).base === seed)) &&
  sizes.volume(labels) <= CONSTANT_CAP;

/** The labels of a way once it is taken at the batch's columns. */
const batchedLabels = ({ labels, dynamic }: Priced, sizes: Labels): Label[] => {
  const rest = labels.filter((label) => label !== BATCH && !sizes.isSeed(label));
  if (dynamic || hasSeed(labels, sizes)) rest.unshift(BATCH);
  return rest;
};

const hasSeed = (labels: readonly Label[], sizes: Labels): boolean => {
  for (let i = 0; i < labels.length; i++) if (sizes.isSeed(labels[i])) return true;
  return false;
};

/** Taking a static factor at the batch's columns. */
const gatherCost = (way: Priced, { labels: sizes, rates }: Pricing): number => {
  if (way.dynamic || !hasSeed(way.labels, sizes)) return 0;
  return PER_STEP + rates.gathered * sizes.volume(batchedLabels(way, sizes));
};

/** The labels of both, each once. */
const unionOf = (a: readonly Label[], b: readonly Label[]): Label[] => {
  const union = a.slice();
  for (let i = 0; i < b.length; i++) if (!a.includes(b[i])) union.push(b[i]);
  return union;
};

/** The product of two ways; `needed`: the labels that something outside of it has or the result keeps. */
const join = (left: Priced, right: Priced, needed: ReadonlySet<Label>, pricing: Pricing): Priced => {
  const { labels: sizes, rates, rank } = pricing;
  if (!left.dynamic && !right.dynamic) {
    const all = unionOf(left.labels, right.labels).filter((label) => needed.has(label) || sizes.isSeed(label));
    const labels = ranked(all, rank, false);
    if (mayKeep(labels, pricing)) {
      const cost =
        left.cost + right.cost + productCost(left.labels, right.labels, labels, sizes, rates) / pricing.tiles;
      return { order: productOf(left, right, labels, false), cost, labels, dynamic: false };
    }
  }
  const a = batchedLabels(left, sizes);
  const b = batchedLabels(right, sizes);
  const dynamic = a[0] === BATCH || b[0] === BATCH;
  const all = unionOf(a, b).filter((label) => label === BATCH || needed.has(label));
  const labels = ranked(all, rank, dynamic);
  const taken = gatherCost(left, pricing) + gatherCost(right, pricing);
  const cost = left.cost + right.cost + taken + productCost(a, b, labels, sizes, rates);
  return { order: productOf(left, right, labels, dynamic), cost, labels, dynamic };
};

const productOf = (left: Priced, right: Priced, labels: readonly Label[], dynamic: boolean): Order => ({
  kind: 'product',
  left: left.order,
  right: right.order,
  labels,
  dynamic,
});

/** Sizes of labels. */
interface Sizes {
  volume(labels: readonly Label[]): number;
}

/**
 * Nanoseconds of a product of arrays labelled a and b whose result is labelled `kept`; labels stand in the order of
 * the axes, as far as it is known. All other labels are summed.
 */
export const productCost = (
  a: readonly Label[],
  b: readonly Label[],
  kept: readonly Label[],
  sizes: Sizes,
  rates: Rates,
): number => {
  const sizeA = sizes.volume(a);
  const sizeB = sizes.volume(b);
  const made = sizes.volume(kept);
  const fixed = PER_STEP + farTime(sizeA + sizeB + made, rates);
  const shared = kept.filter((label) => a.includes(label) && b.includes(label));
  const union = unionOf(a, b);
  if (union.length === kept.length) {
    if (shared.length === 0) return fixed + rates.outer * made;
    const moved = outOfOrder(a, kept, sizes) + outOfOrder(b, kept, sizes);
    const perElement = rates.element + PER_OUTER_RUN / sizes.volume(lastRun(a, b, kept));
    return fixed + perElement * made + rates.turned * moved;
  }
  const loops = sizes.volume(shared);
  const rows = sizes.volume(kept.filter((label) => a.includes(label))) / loops;
  const columns = made / (loops * rows);
  const turns = rates.turned * (turned(a, b, kept, sizes) + turned(b, a, kept, sizes));
  // A product with a vector moves its matrix through the core once for each multiplication.
  if (Math.min(rows, columns) < 4) {
    const elements = Math.max(sizeA, sizeB) * Math.min(rows, columns);
    return fixed + turns + rates.matrixElement * elements + (loops > 1 ? PER_VECTOR_LOOP * loops : 0);
  }
  const multiplied = sizes.volume(union);
  const ab =
    packingTime(sizeA, sizeB, keepsLast(a, kept), rates) + rates.multiplyAdd * filling(columns, rates) * multiplied;
  const ba =
    packingTime(sizeB, sizeA, keepsLast(b, kept), rates) + rates.multiplyAdd * filling(rows, rates) * multiplied;
  // The other way round, the result is turned.
  const turning = rates.turned * made;
  const cheaper = comesFirst(a, b, kept) ? Math.min(ab, ba + turning) : Math.min(ba, ab + turning);
  return fixed + turns + cheaper + PER_LOOP * (loops - 1);
};

/** What a product of matrices takes beside multiplying. */
const packingTime = (leftSize: number, rightSize: number, leftKeepsLast: boolean, rates: Rates): number => {
  const packed = rightSize >= rates.largePacked ? rates.packed * rightSize : 0;
  return packed + (leftSize >= rates.largeLeft && leftKeepsLast ? rates.turnedLeft * leftSize : 0);
};

const keepsLast = (labels: readonly Label[], kept: readonly Label[]): boolean =>
  kept.includes(labels[labels.length - 1]);

/** How much more is multiplied because columns are taken some at a time. */
const filling = (columns: number, { lanes }: Rates): number => (Math.ceil(columns / lanes) * lanes) / columns;

/** Whether, of what a and b have for themselves, a's comes first in the result. */
const comesFirst = (a: readonly Label[], b: readonly Label[], kept: readonly Label[]): boolean => {
  for (let i = 0; i < kept.length; i++) {
    const isOwn = a.includes(kept[i]);
    if (isOwn !== b.includes(kept[i])) return isOwn;
  }
  return true;
};

/** The last labels of a result that come from the same operands. */
const lastRun = (a: readonly Label[], b: readonly Label[], kept: readonly Label[]): readonly Label[] => {
  const last = kept[kept.length - 1];
  const alike = (label: Label): boolean =>
    a.includes(label) === a.includes(last) && b.includes(label) === b.includes(last);
  let first = kept.length;
  while (first > 0 && alike(kept[first - 1])) first--;
  return kept.slice(first);
};

/** Elements to move of an operand that is multiplied element by element, if its axes stand in another order than the result's. */
const outOfOrder = (labels: readonly Label[], kept: readonly Label[], sizes: Sizes): number => {
  let last = -1;
  for (let i = 0; i < labels.length; i++) {
    const place = kept.indexOf(labels[i]);
    if (place < last) return sizes.volume(labels);
    last = place;
  }
  return 0;
};

/** Elements to move to bring an operand's axes into an order in which loops come first, then summed and own axes apart. */
const turned = (labels: readonly Label[], other: readonly Label[], kept: readonly Label[], sizes: Sizes): number => {
  let changes = 0;
  let inLoops = true;
  for (let i = 0; i < labels.length; i++) {
    const isKept = kept.includes(labels[i]);
    const isLoop = isKept && other.includes(labels[i]);
    if (isLoop && !inLoops) return sizes.volume(labels);
    if (!isLoop && !inLoops && isKept !== kept.includes(labels[i - 1])) changes++;
    inLoops = isLoop;
  }
  return changes > 1 ? sizes.volume(labels) : 0;
};

/**
 * The cheapest order in which to multiply `factors` out. A label is summed as soon as nothing outside of the product
 * needs it: `kept` says which labels the result needs.
 */
export const bestOrder = (factors: readonly Factor[], kept: ReadonlySet<Label>, pricing: Pricing): Priced => {
  const leaves = factors.map(
    (factor, index): Priced => ({
      order: { kind: 'factor', index },
      cost: 0,
      labels: factor.labels,
      dynamic: isDynamic(factor),
    }),
  );
  if (factors.length === 2) return join(leaves[0], leaves[1], kept, pricing);
  return factors.length <= EXHAUSTIVE ? exhaustive(factors, leaves, kept, pricing) : greedy(leaves, kept, pricing);
};

const exhaustive = (
  factors: readonly Factor[],
  leaves: readonly Priced[],
  kept: ReadonlySet<Label>,
  pricing: Pricing,
): Priced => {
  const all = (1 << factors.length) - 1;
  const best = new Array<Priced | undefined>(all + 1);
  for (const [i, leaf] of leaves.entries()) best[1 << i] = leaf;
  for (let set = 1; set <= all; set++) {
    if (best[set]) continue;
    const needed = new Set(kept);
    for (let i = 0; i < factors.length; i++) {
      if (!(set & (1 << i))) for (const label of factors[i].labels) needed.add(label);
    }
    const lowest = set & -set;
    for (let part = (set - 1) & set; part > 0; part = (part - 1) & set) {
      // Each split once: the part with the lowest factor is the left one.
      if (!(part & lowest)) continue;
      const left = best[part] as Priced;
      const right = best[set ^ part] as Priced;
      const before = best[set];
      if (before && left.cost + right.cost >= before.cost) continue;
      const way = join(left, right, needed, pricing);
      if (!before || way.cost < before.cost) best[set] = way;
    }
  }
  return best[all] as Priced;
};

const greedy = (leaves: readonly Priced[], kept: ReadonlySet<Label>, pricing: Pricing): Priced => {
  const ways = [...leaves];
  while (ways.length > 1) {
    let best: { readonly i: number; readonly j: number; readonly way: Priced; readonly added: number } | undefined;
    for (let i = 0; i < ways.length; i++) {
      for (let j = i + 1; j < ways.length; j++) {
        const others = ways.filter((_, k) => k !== i && k !== j);
        const needed = new Set([...kept, ...others.flatMap((way) => way.labels)]);
        const way = join(ways[i], ways[j], needed, pricing);
        const added = way.cost - ways[i].cost - ways[j].cost;
        if (!best || added < best.added) best = { i, j, way, added };
      }
    }
    const { i, j, way } = best as NonNullable<typeof best>;
    ways.splice(j, 1);
    ways.splice(i, 1, way);
  }
  return ways[0];
};

/** The price of taking a single factor as it is, in the batch. */
export const finishCost = (way: Priced, pricing: Pricing): number => way.cost + gatherCost(way, pricing);
