/** The fastest plan that stays within a memory limit. */

import { roughNanoseconds } from './engines.ts';
import type { Planned } from './plan.ts';

/** What a plan can be told so that it takes less memory. */
export interface Thrift {
  /** How much of the forward pass is computed again in each tile, 0 … 1. */
  readonly recomputed: number;
  /** Bytes that a tile's values may take at once. */
  readonly tileBytes: number;
}

export interface Search {
  readonly limit: number;
  /** Workers that share the tiles if memory allows: the machine's, so that the cut doesn't depend on the caller's. */
  readonly workers: number;
  /** Degrees of recomputing that may be chosen, least first. */
  readonly degrees: readonly number[];
  plan(thrift: Thrift): Planned;
  /** Bytes that a plan adds with so many workers. */
  bytes(planned: Planned, workers: number): number;
}

export interface Found {
  readonly planned: Planned;
  /** Bytes that it takes with a single worker. */
  readonly least: number;
  readonly fits: boolean;
}

/** Bounds on a tile's values, widest first. */
const BOUNDS = Array.from({ length: 16 }, (_, k) => 2 ** (28 - k));

/** Recomputing more than is needed only takes longer: what is found is good enough when it costs no more than this. */
const NEAR = 1.2;

/** Predicted nanoseconds of the whole matrix. */
const nanosecondsOf = ({ groups, prices, point }: Planned, workers: number): number => {
  const tiles = groups.reduce((sum, { first, limit }, k) => sum + prices[k].nanoseconds * (limit - first), 0);
  return tiles / workers + (point ? roughNanoseconds(point, true) : 0);
};

/**
 * Plans as if memory were no matter, and if that takes too much: with fewer workers, narrower tiles, more computed
 * again, whichever the cost model says is fastest. A plan that can't be brought to fit is given back as `fits: false`,
 * in the form that takes least.
 */
export const fastestWithin = ({ limit, workers: most, degrees, plan, bytes }: Search): Found => {
  const [first] = degrees;
  const free = plan({ recomputed: first, tileBytes: Number.POSITIVE_INFINITY });
  if (bytes(free, most) <= limit) return { planned: free, least: bytes(free, 1), fits: true };
  const hoped = nanosecondsOf(free, most);
  let best: { readonly planned: Planned; readonly nanoseconds: number } | undefined;
  let smallest = { planned: free, least: bytes(free, 1) };
  for (const recomputed of degrees) {
    const made = new Map<number, Planned>();
    const at = (k: number): Planned => {
      let planned = made.get(k);
      if (!planned) {
        planned =
          k < 0
            ? plan({ recomputed, tileBytes: Number.POSITIVE_INFINITY })
            : plan({ recomputed, tileBytes: BOUNDS[k] });
        made.set(k, planned);
      }
      return planned;
    };
    const narrowest = at(BOUNDS.length - 1);
    const least = bytes(narrowest, 1);
    if (least < smallest.least) smallest = { planned: narrowest, least };
    for (let workers = most; workers >= 1; workers--) {
      if (bytes(narrowest, workers) > limit) continue;
      // The widest bound that fits: what a plan takes falls with it.
      let [fails, fits] = [-2, BOUNDS.length - 1];
      while (fits - fails > 1) {
        const middle = Math.floor((fails + fits) / 2);
        if (bytes(at(middle), workers) <= limit) fits = middle;
        else fails = middle;
      }
      const planned = at(fits);
      const nanoseconds = nanosecondsOf(planned, workers);
      if (!best || nanoseconds < best.nanoseconds) best = { planned, nanoseconds };
    }
    if (best && best.nanoseconds <= NEAR * hoped) break;
  }
  if (best) return { planned: best.planned, least: bytes(best.planned, 1), fits: true };
  return { ...smallest, fits: false };
};
