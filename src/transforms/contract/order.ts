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

/** Nanoseconds of one core, as measured (bench/lowering.ts): what matters is their ratio. */
const PER_MULTIPLY_ADD = 0.025;
const PER_BATCHED_MULTIPLY_ADD = 0.075;
export const PER_ELEMENT = 0.35;
export const PER_STEP = 3000;
/** A constant product larger than this many elements is not kept at the point. */
const CONSTANT_CAP = 1 << 22;
/** More factors than this are priced greedily. */
const EXHAUSTIVE = 8;

/** Whether a static factor may be kept: it must serve several columns and fit. */
const mayKeep = (labels: readonly Label[], { labels: sizes, seeds }: Pricing): boolean =>
  [...seeds].some((seed) => !labels.some((label) => sizes.isSeed(label) && sizes.origin(label).base === seed)) &&
  sizes.volume(labels) <= CONSTANT_CAP;

const withoutSeeds = (labels: readonly Label[], { labels: sizes }: Pricing): Label[] =>
  labels.filter((label) => !sizes.isSeed(label) && label !== BATCH);

/** Taking a static factor at the batch's columns. */
const gatherCost = (way: Priced, pricing: Pricing): number => {
  if (way.dynamic || !way.labels.some((label) => pricing.labels.isSeed(label))) return 0;
  const size = pricing.labels.volume([BATCH, ...withoutSeeds(way.labels, pricing)]);
  return PER_STEP + PER_ELEMENT * size;
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
  return {
    order: made(kept, dynamic),
    cost: left.cost + right.cost + taken + productCost(a, b, kept, sizes),
    labels: kept,
    dynamic,
  };
};

/** Nanoseconds of a product of arrays labelled a and b whose result is labelled `kept`. */
export const productCost = (
  a: readonly Label[],
  b: readonly Label[],
  kept: readonly Label[],
  sizes: { volume(labels: Iterable<Label>): number },
): number => {
  const union = new Set([...a, ...b]);
  const summed = [...union].filter((label) => !kept.includes(label));
  const moved = sizes.volume(a) + sizes.volume(b) + sizes.volume(kept);
  if (summed.length === 0) return PER_STEP + PER_ELEMENT * moved;
  // One product for each index of a label that all three have: small ones run far below the peak.
  const loops = sizes.volume(kept.filter((label) => a.includes(label) && b.includes(label)));
  const rows = sizes.volume(kept.filter((label) => a.includes(label) && !b.includes(label)));
  const columns = sizes.volume(kept.filter((label) => b.includes(label) && !a.includes(label)));
  // A product with a vector moves its matrix through the core once for each multiplication.
  if (Math.min(rows, columns) < 4) return PER_STEP + PER_ELEMENT * moved;
  const perMultiplyAdd = loops > 1 ? PER_BATCHED_MULTIPLY_ADD : PER_MULTIPLY_ADD;
  return PER_STEP + perMultiplyAdd * sizes.volume(union) + 0.25 * PER_ELEMENT * moved + 100 * (loops - 1);
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
      const way = join(best[part] as Priced, best[set ^ part] as Priced, needed, pricing);
      if (!best[set] || way.cost < (best[set] as Priced).cost) best[set] = way;
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
