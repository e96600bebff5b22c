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

/** What a search keeps of a plan that it tried: plans are large. */
export interface Sized {
  /** Bytes that it adds with one worker, two, and so on up to the machine's. */
  readonly bytes: readonly number[];
  /** Predicted nanoseconds of all tiles together, and of what comes before them. */
  readonly tiles: number;
  readonly point: number;
}

export interface Search {
  readonly limit: number;
  /** Degrees of recomputing that may be chosen, least first. */
  readonly degrees: readonly number[];
  /** The plan with the least degree and all the memory that it wants, which doesn't fit. */
  readonly free: Sized;
  /** `sample`: of its first group alone, which is soon made and takes no more than all do. */
  plan(thrift: Thrift, sample?: boolean): Planned;
  sized(planned: Planned): Sized;
}

export interface Found {
  readonly planned: Planned;
  /** `freely`: as if memory were no matter. */
  readonly fits: 'freely' | 'tightly' | 'not';
  /** Predicted, of the whole matrix, on as many workers as fit. */
  readonly nanoseconds: number;
  /** With one worker. */
  readonly bytes: number;
}

/** Bounds on a tile's values, widest first; the last one makes tiles of one seed. */
const BOUNDS = [...Array.from({ length: 6 }, (_, k) => 2 ** (28 - 2 * k)), 0];
const NARROWEST = BOUNDS.length - 1;

/** A plan that takes no more than this times what it would with all the memory it wants is good enough. */
const NEAR = 2;

/** What counts of a plan on up to so many workers, of which each number has its bytes. */
export const sizedFor = (planned: Planned, workers: number, bytes: (workers: number) => number): Sized => {
  const { groups, prices, point, facts } = planned;
  return {
    bytes: Array.from({ length: workers }, (_, k) => bytes(k + 1)),
    tiles: groups.reduce((sum, { first, limit }, k) => sum + prices[k].nanoseconds * (limit - first), 0),
    point: point ? roughNanoseconds(point, { device: facts.device, native: true }) : 0,
  };
};

/** Predicted nanoseconds of the whole matrix. */
export const nanosecondsOn = ({ tiles, point }: Sized, workers: number): number => tiles / workers + point;

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

/** A degree and a bound; bound −1: none. */
interface Point {
  readonly degree: number;
  readonly bound: number;
}

/**
 * Plans with fewer workers, narrower tiles, more computed again, whichever the cost model says is fastest. A plan that
 * can't be brought to fit is given back as `fits: 'not'`, in the form that takes least.
 */
export const fastestWithin = ({ limit, degrees, free, plan, sized }: Search): Found => {
  const most = free.bytes.length;
  const known = new Map<string, Sized & Point>();
  /** The last that was made: the others are let go of, and made again where one of them is chosen. */
  let latest: { readonly key: string; readonly planned: Planned } | undefined;
  const keyOf = ({ degree, bound }: Point): string => `${degree} ${bound}`;
  const thriftOf = ({ degree, bound }: Point): Thrift => ({
    recomputed: degrees[degree],
    tileBytes: bound < 0 ? Number.POSITIVE_INFINITY : BOUNDS[bound],
  });
  const planAt = (point: Point): Planned => {
    const key = keyOf(point);
    if (latest?.key === key) return latest.planned;
    latest = undefined;
    latest = { key, planned: plan(thriftOf(point)) };
    return latest.planned;
  };
  const at = (degree: number, bound: number): Sized & Point => {
    const point = { degree, bound };
    const found = known.get(keyOf(point)) ?? { ...sized(planAt(point)), ...point };
    known.set(keyOf(point), found);
    return found;
  };
  const samples = new Map<string, Sized>();
  const sampleAt = (point: Point): Sized => {
    const key = keyOf(point);
    const found = samples.get(key) ?? sized(plan(thriftOf(point), true));
    samples.set(key, found);
    return found;
  };
  /** On so many workers; a plan is only made in full where its sample fits. */
  const fits = (degree: number, bound: number, workers: number): boolean => {
    const point = { degree, bound };
    if (!known.has(keyOf(point)) && sampleAt(point).bytes[workers - 1] > limit) return false;
    return at(degree, bound).bytes[workers - 1] <= limit;
  };
  const none = { degree: 0, bound: -1 };
  known.set(keyOf(none), { ...free, ...none });

  const bears = (degree: number): boolean => fits(degree, NARROWEST, 1);
  // What is held falls with the degree: below the least one that fits in its narrowest tiles, nothing does. Of the first one most is made already.
  const fitting = bears(0) ? 0 : firstThat(1, degrees.length, bears);
  if (fitting === degrees.length) {
    for (const degree of [0, degrees.length - 1]) at(degree, NARROWEST);
    // With no bound it may take less: the result of bands is a page for each line of each group, and wide tiles make few.
    const least = [...known.values()].reduce((a, b) => (b.bytes[0] < a.bytes[0] ? b : a));
    const workers = least.bytes.findLastIndex((bytes) => bytes <= limit) + 1;
    return {
      planned: planAt(least),
      fits: workers > 0 ? 'tightly' : 'not',
      nanoseconds: workers > 0 ? nanosecondsOn(least, workers) : Number.POSITIVE_INFINITY,
      bytes: least.bytes[0],
    };
  }

  let best: { readonly point: Sized & Point; readonly nanoseconds: number } | undefined;
  // One degree more may bear wider tiles, or another worker.
  for (const degree of [fitting, fitting + 1].filter((k) => k < degrees.length)) {
    for (let workers = most; workers >= 1; workers--) {
      if (!fits(degree, NARROWEST, workers)) continue;
      const point = at(
        degree,
        firstThat(-1, NARROWEST, (bound) => fits(degree, bound, workers)),
      );
      const nanoseconds = nanosecondsOn(point, workers);
      if (!best || nanoseconds < best.nanoseconds) best = { point, nanoseconds };
    }
    // Recomputing more than is needed only takes longer.
    if (best && best.nanoseconds <= NEAR * nanosecondsOn(free, most)) break;
  }
  const { point, nanoseconds } = best as NonNullable<typeof best>;
  return { planned: planAt(point), fits: 'tightly', nanoseconds, bytes: point.bytes[0] };
};
