/** Which tiles go first. */

import { expect, test } from 'vitest';
import { heaviestFirst } from '../../src/plan/heaviest-first.ts';
import type { Planned } from '../../src/plan/plan.ts';

test('groups by the price of one of their tiles, each whole and in its own order; the same array again', () => {
  const tiles = [
    { group: 0, start: 0, count: 4 },
    { group: 0, start: 4, count: 1 },
    { group: 1, start: 5, count: 2 },
    { group: 1, start: 7, count: 2 },
    { group: 2, start: 9, count: 8 },
  ];
  const groups = [{ width: 4 }, { width: 2 }, { width: 8 }];
  const prices = [{ nanoseconds: 10 }, { nanoseconds: 100 }, { nanoseconds: 1 }];
  const planned = { tiles, groups, prices } as unknown as Planned;
  expect(heaviestFirst(planned)).toEqual([tiles[2], tiles[3], tiles[0], tiles[1], tiles[4]]);
  expect(heaviestFirst(planned)).toBe(heaviestFirst(planned));
});
