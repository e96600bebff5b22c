/** Runs on the calling thread: the same results, in order, with turns of the event loop between tiles. */

import { threadId } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { DiffopsError } from '../../src/errors.ts';
import { InProcess } from '../../src/pool/in-process.ts';
import { expected, makeJob, matrixFor, stubLoad } from './stub.mjs';

const runner = new InProcess(stubLoad(DiffopsError));

test.each([
  ['row', 'float64', 5],
  ['column', 'float32', 7],
  ['symmetric', 'float64', 1],
  ['symmetric', 'float32', 24],
] as const)('fills the matrix: %s, %s, tiles of %i', async (placement, dtype, width) => {
  const job = makeJob({ placement, dtype, width, n: 23, groups: 3 });
  const { data, sink } = matrixFor(job);
  const stats = await runner.run(job, { sink });
  expect(data).toEqual(expected(job));
  expect(stats.workers).toEqual([{ threadId, tiles: job.tiles.length }]);
});

test('progress comes tile by tile, and timers get their turns', async () => {
  const job = makeJob({ width: 2, delay: 3 });
  const done: number[] = [];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await runner.run(job, { sink: matrixFor(job).sink, onTile: ({ seedsDone }) => done.push(seedsDone) });
  clearInterval(timer);
  expect(done).toEqual(Array.from({ length: 12 }, (_, t) => 2 * (t + 1)));
  expect(ticks).toBeGreaterThan(8);
});

test('overlapping runs are done in order, none inside another', async () => {
  const order: string[] = [];
  const runs = ['a', 'b', 'c'].map(async (name, r) => {
    const job = makeJob({ width: 6 - r });
    const { data, sink } = matrixFor(job);
    await runner.run(job, { sink, onTile: () => order.push(name) });
    expect(data).toEqual(expected(job));
  });
  await Promise.all(runs);
  expect(order).toEqual([...order].sort());
});

test('the resident set is watched', async () => {
  const job = makeJob({ n: 2000, width: 500, groups: 1 });
  const { rss } = await runner.run(job, { sink: matrixFor(job).sink });
  // The stub's tiles hold 500 × 2000 numbers of 8 bytes each.
  expect(rss.peak - rss.before).toBeGreaterThan(8e6);
  expect(rss.peak - rss.before).toBeLessThan(400e6);
});
