/** In which order a product of factors is best multiplied out: every order of up to a few factors is priced. */

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
}

/** Nanoseconds of one core when nothing else runs, as the engine's profile has them (bench/profile.ts): what matters is their ratio. */
const PER_MULTIPLY_ADD = 0.025;
/** Columns of a product that the engine works on at once. */
const LANES = 16;
/** Per element: of an elementwise op; of an outer product; of the matrix in a product with a vector. */
export const PER_ELEMENT = 0.3;
const PER_OUTER = 0.15;
const PER_MATRIX_ELEMENT = 0.11;
export const PER_STEP = 3000;
/** Per element of what is taken of an array at the batch's columns. */
export const PER_GATHERED = 0.35;
/** One product of a loop; more where it is of vectors. One run of neighbours in an outer product. */
const PER_LOOP = 150;
const PER_VECTOR_LOOP = 800;
const PER_OUTER_RUN = 8;
/** More per element of an operand whose axes are moved before it is multiplied. */
const PER_TURNED = 0.6;
/** More per element of a large operand of a matrix product: a right one, which is packed; a left one summed over an outer axis. */
const PER_PACKED = 0.9;
const LARGE_PACKED = 1 << 19;
const PER_TURNED_LEFT = 1.5;
const LARGE_LEFT = 1 << 18;
/** Elements that caches hold: what an op reads and writes beyond them comes from memory. */
const CACHED = 1 << 21;
const PER_FAR_ELEMENT = 0.25;

/** What an op takes more because not all that it reads and writes is in a cache. */
export const farTime = (moved: number): number => PER_FAR_ELEMENT * Math.max(0, moved - CACHED);
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

const withoutSeeds = (labels: readonly Label[], { labels: sizes }: Pricing): Label[] =>
  labels.filter((label) => !sizes.isSeed(label) && label !== BATCH);

/** Taking a static factor at the batch's columns. */
const gatherCost = (way: Priced, pricing: Pricing): number => {
  if (way.dynamic || !way.labels.some((label) => pricing.labels.isSeed(label))) return 0;
  const size = pricing.labels.volume([BATCH, ...withoutSeeds(way.labels, pricing)]);
  return PER_STEP + PER_GATHERED * size;
};

/** The labels of a way once it is taken at the batch's columns. */
const batchedLabels = (labels: readonly Label[], dynamic: boolean, sizes: Labels): Label[] => {
  const rest = labels.filter((label) => label !== BATCH && !sizes.isSeed(label));
  return dynamic || labels.some((label) => sizes.isSeed(label)) ? [BATCH, ...rest] : rest;
};

const join = (left: Priced, right: Priced, needed: (label: Label) => boolean, pricing: Pricing): Priced => {
  const { labels: sizes } = pricing;
  const made = (labels: readonly Label[], dynamic: boolean): Order => ({
    kind: 'product',
    left: left.order,
    right: right.order,
    labels,
    dynamic,
  });
  const union = [...new Set([...left.labels, ...right.labels])];
  if (!left.dynamic && !right.dynamic) {
    const kept = union.filter((label) => needed(label) || sizes.isSeed(label));
    if (mayKeep(kept, pricing)) {
      const cost = left.cost + right.cost + productCost(left.labels, right.labels, kept, sizes) / pricing.tiles;
      return { order: made(kept, false), cost, labels: kept, dynamic: false };
    }
  }
  const a = batchedLabels(left.labels, left.dynamic, sizes);
  const b = batchedLabels(right.labels, right.dynamic, sizes);
  const kept = [...new Set([...a, ...b])].filter((label) => label === BATCH || needed(label));
  const taken = gatherCost(left, pricing) + gatherCost(right, pricing);
  const dynamic = kept.includes(BATCH);
  // The batch comes first in what is made.
  const placed = dynamic ? [BATCH, ...kept.filter((label) => label !== BATCH)] : kept;
  return {
    order: made(kept, dynamic),
    cost: left.cost + right.cost + taken + productCost(a, b, placed, sizes),
    labels: kept,
    dynamic,
  };
};

/**
 * Nanoseconds of a product of arrays labelled a and b whose result is labelled `kept`; labels stand in the order of
 * the axes, as far as it is known.
 */
export const productCost = (
  a: readonly Label[],
  b: readonly Label[],
  kept: readonly Label[],
  sizes: { volume(labels: Iterable<Label>): number },
): number => {
  const union = new Set([...a, ...b]);
  const summed = [...union].filter((label) => !kept.includes(label));
  const moved = sizes.volume(a) + sizes.volume(b) + sizes.volume(kept);
  const fixed = PER_STEP + farTime(moved);
  const made = sizes.volume(kept);
  const kind = (label: Label): number => Number(a.includes(label)) + 2 * Number(b.includes(label));
  const shared = kept.filter((label) => kind(label) === 3);
  if (summed.length === 0) {
    if (shared.length === 0) return fixed + PER_OUTER * made;
    const innermost = kept.slice(kept.findLastIndex((label) => kind(label) !== kind(kept[kept.length - 1])) + 1);
    return fixed + (PER_ELEMENT + PER_OUTER_RUN / sizes.volume(innermost)) * made;
  }
  const own = kept.filter((label) => kind(label) !== 3);
  const [left, right] = own.length === 0 || a.includes(own[0]) ? [a, b] : [b, a];
  const loops = sizes.volume(shared);
  const rows = sizes.volume(own.filter((label) => left.includes(label)));
  const columns = sizes.volume(own.filter((label) => right.includes(label)));
  const turns = turned(a, shared, summed, sizes) + turned(b, shared, summed, sizes);
  // A product with a vector moves its matrix through the core once for each multiplication.
  if (Math.min(rows, columns) < 4) {
    const elements = Math.max(sizes.volume(a), sizes.volume(b)) * Math.min(rows, columns);
    return fixed + turns + PER_MATRIX_ELEMENT * elements + (loops > 1 ? PER_VECTOR_LOOP * loops : 0);
  }
  const kernel = (first: readonly Label[], second: readonly Label[], across: number): number => {
    const [leftSize, rightSize] = [sizes.volume(first), sizes.volume(second)];
    const packed = rightSize >= LARGE_PACKED ? PER_PACKED * rightSize : 0;
    const isTurned = leftSize >= LARGE_LEFT && !summed.includes(first[first.length - 1]);
    const full = (Math.ceil(across / LANES) * LANES) / across;
    return packed + (isTurned ? PER_TURNED_LEFT * leftSize : 0) + PER_MULTIPLY_ADD * full * sizes.volume(union);
  };
  // The other way round, the result is turned.
  const cheaper = Math.min(kernel(left, right, columns), kernel(right, left, rows) + PER_TURNED * made);
  return fixed + turns + cheaper + PER_LOOP * (loops - 1);
};

/** What it takes to bring an operand's axes into an order in which loops come first, then summed and own axes apart. */
const turned = (
  labels: readonly Label[],
  loops: readonly Label[],
  summed: readonly Label[],
  sizes: { volume(labels: Iterable<Label>): number },
): number => {
  let changes = 0;
  let inLoops = true;
  for (const [i, label] of labels.entries()) {
    const isLoop = loops.includes(label);
    if (isLoop && !inLoops) return PER_TURNED * sizes.volume(labels);
    if (!isLoop && !inLoops && summed.includes(label) !== summed.includes(labels[i - 1])) changes++;
    inLoops = isLoop;
  }
  return changes > 1 ? PER_TURNED * sizes.volume(labels) : 0;
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
    const needed = (label: Label): boolean =>
      kept.has(label) || factors.some((factor, i) => !(set & (1 << i)) && factor.labels.includes(label));
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
        const needed = (label: Label): boolean =>
          kept.has(label) || ways.some((way, k) => k !== i && k !== j && way.labels.includes(label));
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
