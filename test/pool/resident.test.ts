/** Resident memory, as cheap as it is asked for here. */

import { expect, test } from 'vitest';
import { residentBytes } from '../../src/pool/resident.ts';

test('is what Node says, and grows with what is held', () => {
  const before = residentBytes();
  expect(Math.abs(before / process.memoryUsage.rss() - 1)).toBeLessThan(0.1);
  const held = Buffer.alloc(64 << 20, 1);
  expect(residentBytes() - before).toBeGreaterThan(0.8 * held.length);
  expect(Math.abs(residentBytes() / process.memoryUsage.rss() - 1)).toBeLessThan(0.1);
});
