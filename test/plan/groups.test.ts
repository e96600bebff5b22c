/** Which leaves share a program. */

import { expect, it } from 'vitest';
import { groupLeaves } from '../../src/plan/groups.ts';

const leaves = (count: number): number[] => Array.from({ length: count }, (_, i) => [256, 16, 1000, 0, 1][i % 5]);

it.each([1, 7, 60, 400])(
  'of %i leaves: neighbours, each leaf once, no group empty, not too many for a long program',
  (count) => {
    const sizes = leaves(count);
    for (const equations of [10, 3000, 100_000]) {
      const groups = groupLeaves(sizes, equations, 'by size');
      let leaf = 0;
      let seed = 0;
      for (const group of groups) {
        expect([group.firstLeaf, group.first]).toEqual([leaf, seed]);
        seed += sizes.slice(group.firstLeaf, group.limitLeaf).reduce((sum, size) => sum + size, 0);
        expect(group.limit).toBe(seed);
        expect(group.limit).toBeGreaterThan(group.first);
        leaf = group.limitLeaf;
      }
      expect(leaf).toBe(count);
      // Each is planned for itself; two neighbours together are wider than an even share would be.
      if (equations > 10) expect(groups.length).toBeLessThanOrEqual(2 * Math.max(4, 60_000 / equations) + 1);
    }
  },
);

it('makes each leaf of a short program a group of its own', () => {
  expect(groupLeaves([600, 700, 800], 100, 'by size').length).toBe(3);
  expect(groupLeaves([600, 700, 800], 100, 'one').length).toBe(1);
});
