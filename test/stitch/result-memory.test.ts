/** The memory of results, as V8 sees it. */

import { expect, test } from 'vitest';
import { countResult, newResultMemory } from '../../src/stitch/result-memory.ts';

const MIB = 2 ** 20;

test.each([0, 2])('a result with room for %i threads counts as memory, without taking any more', (slots) => {
  const { external, rss } = process.memoryUsage();
  const result = newResultMemory(256 * MIB, slots);
  countResult(result);
  countResult(result);
  const now = process.memoryUsage();
  expect(now.external - external).toBeGreaterThan(60 * MIB);
  expect(now.external - external).toBeLessThan(90 * MIB);
  expect(now.rss - rss).toBeLessThan(32 * MIB);
  expect(result.buffer.byteLength).toBeGreaterThanOrEqual(256 * MIB);
});
