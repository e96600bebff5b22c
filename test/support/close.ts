/** How far two arrays are apart, measured against the largest entry of the wanted one. */

import { expect } from 'vitest';

type Numbers = ArrayLike<number>;

/** max |got − want| / max(|want|, floor); infinite where lengths differ or a NaN is met. */
export const relativeError = (got: Numbers, want: Numbers, floor = 0): number => {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let scale = floor;
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i] - want[i]);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, difference);
    scale = Math.max(scale, Math.abs(want[i]));
  }
  return scale === 0 ? worst : worst / scale;
};

/** float64 to 1e-10 of the largest entry, float32 to 1e-4, unless the caller knows better. */
export const TOLERANCE = { float32: 1e-4, float64: 1e-10 } as const;

export const expectClose = (got: Numbers, want: Numbers, tolerance: number, what = ''): void => {
  expect(relativeError(got, want), `relative error ${what}`).toBeLessThanOrEqual(tolerance);
};
