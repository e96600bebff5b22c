/** Streams of blocks hold the blocks in flight and no more, however slow their consumer is. */

import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { root } from './support/sources.ts';
import { runNode } from './support/spawn.ts';

const MIB = 2 ** 20;

test('memory stays flat over 200 blocks that are taken slowly, and nothing runs on after a break', ({ skip }) => {
  if (!existsSync('/proc/self/clear_refs')) return skip('only Linux tells the high-water mark of a stretch of time');
  const args = ['--expose-gc', 'test/children/slow-consumer.mjs', `${root}/dist/src/index.js`];
  const { status, stdout, stderr } = runNode(args, { timeoutMs: 110_000 });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const { count, columns, grown, estimatedPeakBytes, running, queued, later, done } = JSON.parse(stdout);
  expect(columns).toBe(12_000);
  expect(count).toBeGreaterThanOrEqual(200);
  // The matrix has 549 MiB; a block 2.7.
  expect(grown).toBeLessThan(150 * MIB);
  expect(Math.abs(estimatedPeakBytes - grown)).toBeLessThan(Math.max(grown / 4, 32 * MIB));
  // Two workers were at work, and one block was the consumer's.
  expect({ running, queued, later }).toEqual({ running: false, queued: 0, later: 0 });
  expect(done).toBeLessThan(0.1);
}, 120_000);
