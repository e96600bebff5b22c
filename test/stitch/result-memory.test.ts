/** The memory of results, as V8 sees it. */

import { expect, test } from 'vitest';
import { countResult, newResultMemory } from '../../src/stitch/result-memory.ts';

const MIB = 2 ** 20;

test('results count as memory once they pile up, without taking any more', () => {
  const before = process.memoryUsage();
  const results = Array.from({ length: 6 }, (_, k) => {
    const result = newResultMemory(256 * MIB, k % 2);
    countResult(result);
    countResult(result);
    return result;
  });
  const now = process.memoryUsage();
  expect(results.map(({ buffer }) => buffer.byteLength >= 256 * MIB)).not.toContain(false);
  // All beyond the first GiB.
  expect(now.external - before.external).toBeGreaterThan(500 * MIB);
  expect(now.external - before.external).toBeLessThan(1100 * MIB);
  expect(now.rss - before.rss).toBeLessThan(64 * MIB);
});
