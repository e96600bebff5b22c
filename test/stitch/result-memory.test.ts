/** The memory of results that nobody holds any more. */

import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newResultMemory } from '../../src/stitch/result-memory.ts';

const MIB = 2 ** 20;

test('results that are dropped are collected before they take more than there is room for', async () => {
  const before = process.memoryUsage.rss();
  let most = 0;
  let alive = 0;
  const registry = new FinalizationRegistry(() => alive--);
  for (let k = 0; k < 24; k++) {
    const { buffer } = newResultMemory(32 * MIB, k % 2, 128 * MIB);
    registry.register(buffer, undefined);
    alive++;
    new Uint8Array(buffer).fill(1);
    // Collected memory is given back, and finalizers run, beside the program.
    await setTimeout(20);
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  expect(alive).toBeLessThanOrEqual(5);
  // 768 MiB were written to.
  expect(most).toBeLessThan(256 * MIB);
});

test('no garbage is collected for results that there is room for', () => {
  newResultMemory(MIB, 0, MIB);
  const { round } = newResultMemory(MIB, 0);
  expect(newResultMemory(MIB, 0, 2 ** 40).round).toBe(round);
  // Not even one has room: the others are collected each time.
  expect(newResultMemory(MIB, 0, 1).round).toBe(round + 1);
});
