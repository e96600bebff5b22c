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
  /** The plan with the least degree and all the memory that it wants. */
  readonly free: Planned;
  plan(thrift: Thrift): Planned;
  /** Bytes that a plan adds with so many workers. */
  bytes(planned: Planned, workers: number): number;
}

export interface Found {
  readonly planned: Planned;
  /** `freely`: as if memory were no matter. */
  readonly fits: 'freely' | 'tightly' | 'not';
  /** Predicted, of the whole matrix, on as many workers as fit. */
  readonly nanoseconds: number;
}

/** Bounds on a tile's values, widest first; the last one makes tiles of one seed. */
const BOUNDS = [...Array.from({ length: 6 }, (_, k) => 2 ** (28 - 2 * k)), 0];
const NARROWEST = BOUNDS.length - 1;

/** A plan that takes no more than this times what it would with all the memory it wants is good enough. */
const NEAR = 2;

/** Predicted nanoseconds of the whole matrix. */
const nanosecondsOf = ({ groups, prices, point }: Planned, workers: number): number => {
  const tiles = groups.reduce((sum, { first, limit }, k) => sum + prices[k].nanoseconds * (limit - first), 0);
  return tiles / workers + (point ? roughNanoseconds(point, true) : 0);
};

/** The least index for which a test holds that holds for all after it; `limit` where it holds for none before that. */
const firstThat = (first: number, limit: number, holds: (index: number) => boolean): number => {
  let [fails, works] = [first - 1, limit];
  while (works - fails > 1) {
    const middle = Math.floor((fails + works) / 2);
    if (holds(middle)) works = middle;
    else fails = middle;
  }
  return works;
};

/**
 * Plans as if memory were no matter, and if that takes too much: with fewer workers, narrower tiles, more computed
 * again, whichever the cost model says is fastest. A plan that can't be brought to fit is given back as `fits: 'not'`,
 * in the form that takes least.
 */
export const fastestWithin = ({ limit, workers: most, degrees, free, plan, bytes }: Search): Found => {
  const hoped = nanosecondsOf(free, most);
  if (bytes(free, most) <= limit) return { planned: free, fits: 'freely', nanoseconds: hoped };

  const made = new Map<string, Planned>();
  /** A plan of a degree and a bound; bound −1: none. */
  const at = (degree: number, bound: number): Planned => {
    if (degree === 0 && bound < 0) return free;
    const key = `${degree} ${bound}`;
    const known = made.get(key);
    if (known) return known;
    const tileBytes = bound < 0 ? Number.POSITIVE_INFINITY : BOUNDS[bound];
    const planned = plan({ recomputed: degrees[degree], tileBytes });
    made.set(key, planned);
    return planned;
  };
  // What is held falls with the degree: below the least one that fits in its narrowest tiles, nothing does.
  const fitting = firstThat(0, degrees.length, (degree) => bytes(at(degree, NARROWEST), 1) <= limit);
  if (fitting === degrees.length) return leastOf([...made.values(), free], bytes);

  let best: { readonly planned: Planned; readonly nanoseconds: number } | undefined;
  // One degree more may bear wider tiles, or another worker.
  for (const degree of [fitting, fitting + 1].filter((k) => k < degrees.length)) {
    for (let workers = most; workers >= 1; workers--) {
      if (bytes(at(degree, NARROWEST), workers) > limit) continue;
      const planned = at(
        degree,
        firstThat(-1, NARROWEST, (bound) => bytes(at(degree, bound), workers) <= limit),
      );
      const nanoseconds = nanosecondsOf(planned, workers);
      if (!best || nanoseconds < best.nanoseconds) best = { planned, nanoseconds };
    }
    // Recomputing more than is needed only takes longer.
    if (best && best.nanoseconds <= NEAR * hoped) break;
  }
  return { ...(best as NonNullable<typeof best>), fits: 'tightly' };
};

const leastOf = (plans: readonly Planned[], bytes: Search['bytes']): Found => {
  const planned = plans.reduce((a, b) => (bytes(b, 1) < bytes(a, 1) ? b : a));
  return { planned, fits: 'not', nanoseconds: Number.POSITIVE_INFINITY };
};
