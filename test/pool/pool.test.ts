/** The pool on threads: right results, several threads, warmth, order, progress. */

import { afterAll, describe, expect, test } from 'vitest';
import { Pool } from '../../src/pool/pool.ts';
import type { Progress } from '../../src/pool/run.ts';
import { counted, counter, expected, makeJob, matrixFor } from './stub.mjs';

const file = new URL('./stub-worker.mjs', import.meta.url);

describe('a pool of two', () => {
  const pool = new Pool({ workers: 2, file });
  afterAll(() => pool.close());

  test.each([
    ['row', 'float64', 5],
    ['column', 'float64', 5],
    ['symmetric', 'float64', 5],
    ['row', 'float32', 4],
    ['column', 'float32', 7],
    ['symmetric', 'float32', 24],
  ] as const)('fills the matrix: %s, %s, tiles of %i', async (placement, dtype, width) => {
    const job = makeJob({ placement, dtype, width, n: 23, groups: 3 });
    const { data, sink } = matrixFor(job);
    const stats = await pool.run(job, { sink });
    expect(data).toEqual(expected(job));
    expect(stats.spoiled).toBe(-1);
    expect(stats.deaths).toBe(0);
    expect(stats.workers.reduce((sum, w) => sum + w.tiles, 0)).toBe(job.tiles.length);
  });

  test('both threads compute tiles, and run the point program once each', async () => {
    const runs = counter();
    const job = makeJob({ delay: 20, width: 1, point: { runs } });
    const { data, sink } = matrixFor(job);
    const stats = await pool.run(job, { sink });
    expect(data).toEqual(expected(job));
    expect(new Set(stats.workers.map((w) => w.threadId)).size).toBe(2);
    expect(counted(runs)).toBe(2);
    expect(stats.times.run).toBeGreaterThan(20 * job.tiles.length * 0.9);
  });

  test('a second run of the same job loads nothing again', async () => {
    const loads = counter();
    const job = makeJob({ delay: 5, width: 1, groups: 1, loads });
    await pool.run(job, { sink: matrixFor(job).sink });
    await pool.run(job, { sink: matrixFor(job).sink });
    expect(counted(loads)).toBe(2);
  });

  test('runs go one after the other, in the order in which they came', async () => {
    const order: number[] = [];
    const runs = [0, 1, 2, 3].map(async (r) => {
      const job = makeJob({ delay: r === 0 ? 10 : 0, width: 3 });
      const { data, sink } = matrixFor(job);
      const run = pool.run(job, { sink });
      await run;
      order.push(r);
      expect(data).toEqual(expected(job));
    });
    expect(pool.stats()).toMatchObject({ running: true, queued: 3 });
    await Promise.all(runs);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(pool.stats()).toMatchObject({ running: false, queued: 0 });
  });

  test('progress grows, and ends with all', async () => {
    const seen: Progress[] = [];
    const job = makeJob({ delay: 15, width: 2 });
    await pool.run(job, { sink: matrixFor(job).sink, onTile: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.map((p) => p.tilesDone)).toEqual(seen.map((p) => p.tilesDone).sort((a, b) => a - b));
    expect(seen.at(-1)).toEqual({ tilesDone: 12, tilesTotal: 12, seedsDone: 24, seedsTotal: 24 });
    expect(new Set(seen.map((p) => p.tilesDone)).size).toBe(seen.length);
  });

  test('names the first column that is not finite, whichever tile is done first', async () => {
    const spoil: [number, number][] = [
      [20, 21],
      [9, 17],
      [3, 2],
    ];
    for (const [placement, first] of [
      ['row', 2],
      ['column', 3],
      ['symmetric', 9],
    ] as const) {
      const job = makeJob({ placement, spoil });
      expect((await pool.run(job, { sink: matrixFor(job).sink })).spoiled).toBe(first);
    }
  });

  test('a job without tiles is done at once', async () => {
    const job = { ...makeJob(), tiles: [] };
    expect((await pool.run(job, { sink: matrixFor(job).sink })).workers).toEqual([]);
  });

  test('inputs arrive as they are, be they views of larger or of shared memory, or large', async () => {
    const job = makeJob({ dtype: 'float64' });
    const { data: numbers } = job.inputs[0];
    const cases = [
      new Float64Array(new SharedArrayBuffer(8 * 100), 80, 24),
      new Float64Array(new ArrayBuffer(8 * 100), 80, 24),
      new Float64Array(1 << 18),
    ];
    for (const held of cases) {
      held.set(numbers);
      const { data, sink } = matrixFor(job);
      await pool.run({ ...job, inputs: [{ ...job.inputs[0], data: held }] }, { sink });
      expect(data).toEqual(expected(job));
    }
  });
});

test('the number of workers changes no bit', async () => {
  const job = makeJob({ n: 40, width: 3, placement: 'symmetric', delay: 1 });
  const results = [];
  for (const workers of [1, 2, 3]) {
    const pool = new Pool({ workers, file });
    const { data, sink } = matrixFor(job);
    await pool.run(job, { sink });
    await pool.close();
    results.push(data);
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('a run does not wait for a thread that is still starting when all is done', async () => {
  const pool = new Pool({ workers: 2, file });
  const warm = makeJob({ groups: 1, width: 24 });
  await pool.run(warm, { sink: matrixFor(warm).sink });
  expect(pool.stats().threads).toHaveLength(1);
  const job = makeJob({ groups: 1, width: 12 });
  const { data, sink } = matrixFor(job);
  await pool.run(job, { sink });
  expect(data).toEqual(expected(job));
  // The late thread finds its task's port closed, and is of use in the next run.
  await pool.run(job, { sink });
  const long = makeJob({ width: 1, delay: 40 });
  expect((await pool.run(long, { sink: matrixFor(long).sink })).workers).toHaveLength(2);
  await pool.close();
});
