/** Runs on several devices: one queue, a width of its own for each, and tiles that go on elsewhere when a device is lost. */

import { afterAll, describe, expect, test } from 'vitest';
import { cellsOf } from '../../src/plan/cells.ts';
import { describeTimeline } from '../../src/plan/describe-timeline.ts';
import type { Job } from '../../src/pool/job.ts';
import { Pool } from '../../src/pool/pool.ts';
import type { RunStats } from '../../src/pool/run.ts';
import { streamBlocks } from '../../src/pool/stream.ts';
import { counter, expected, type JobSpec, makeJob, matrixFor } from './stub.mjs';

const file = new URL('./stub-worker.mjs', import.meta.url);

/** Jobs for the same matrix on devices 'slow', 'fast', …, one thread each unless said. */
const jobsFor = (specs: Readonly<Record<string, JobSpec & { threads?: number }>>, common: JobSpec = {}): Job[] => {
  const names = Object.keys(specs);
  const jobs = names.map((name) => makeJob({ ...common, ...specs[name] }));
  const cells = cellsOf(jobs);
  const [{ inputs, fixed }] = jobs;
  return jobs.map((job, k) => {
    const share = { device: names[k], workers: specs[names[k]].threads ?? 1 };
    return { ...job, inputs, fixed, tiles: cells[k], share };
  });
};

const computed = (timeline: RunStats['timeline']): RunStats['timeline'] =>
  timeline.filter(({ doing }) => doing === 'computing');

const pools: Pool[] = [];
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

const newPool = (devices: Readonly<Record<string, number>>): Pool => {
  const counts = new Map(Object.entries(devices));
  const pool = new Pool({ workers: [...counts.values()].reduce((a, b) => a + b), devices: counts, file });
  pools.push(pool);
  return pool;
};

/** A pool whose threads have all been at work. */
const warmPool = async (devices: Readonly<Record<string, number>>): Promise<Pool> => {
  const pool = newPool(devices);
  const seen = new Set<string>();
  while (seen.size < Object.keys(devices).length) {
    const specs = Object.fromEntries(Object.keys(devices).map((name) => [name, { width: 4, delay: 10 }]));
    const jobs = jobsFor(specs, { n: 64 });
    const { timeline } = await pool.run(jobs, { sink: matrixFor(jobs[0]).sink });
    for (const { device } of computed(timeline)) seen.add(device);
  }
  return pool;
};

describe('cells', () => {
  const groups = (...widths: [first: number, limit: number, width: number][]) => ({
    groups: widths.map(([first, limit, width]) => ({ first, limit, width })),
  });

  test('end where groups of any plan end, and are an eighth of the narrowest width', () => {
    const [a, b] = cellsOf([groups([0, 10, 10], [10, 40, 30]), groups([0, 40, 16])]);
    expect(a.map(({ start }) => start)).toEqual([
      0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38,
    ]);
    expect(b.map(({ start, count }) => [start, count])).toEqual(a.map(({ start, count }) => [start, count]));
    expect(a.map(({ group }) => group)).toEqual([0, 0, 0, 0, 0, ...new Array(15).fill(1)]);
    expect(new Set(b.map(({ group }) => group))).toEqual(new Set([0]));
  });

  test('end where strips end', () => {
    const [a] = cellsOf(
      [groups([0, 10, 8]), groups([0, 10, 8])],
      [
        { first: 0, limit: 3 },
        { first: 3, limit: 10 },
      ],
    );
    expect(a.map(({ strip }) => strip)).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('are where strips are', () => {
    const strips = [
      { first: 2, limit: 4 },
      { first: 7, limit: 9 },
    ];
    const [a] = cellsOf([groups([0, 10, 8]), groups([0, 10, 8])], strips);
    expect(a.map(({ start, count, strip }) => [start, count, strip])).toEqual([
      [2, 1, 0],
      [3, 1, 0],
      [7, 1, 1],
      [8, 1, 1],
    ]);
  });
});

test.each(['row', 'column', 'symmetric'] as const)('workers of two widths fill one matrix: %s', async (placement) => {
  const jobs = jobsFor(
    { wide: { width: 16, groups: 2 }, narrow: { width: 5, groups: 3 } },
    { n: 61, placement, delay: 10 },
  );
  const { data, sink } = matrixFor(jobs[0]);
  const stats = await (await warmPool({ wide: 1, narrow: 1 })).run(jobs, { sink });
  expect(data).toEqual(expected(jobs[0]));
  const seeds = stats.timeline.flatMap(({ columns: [a, b] }) => Array.from({ length: b - a }, (_, i) => a + i));
  expect(seeds.sort((a, b) => a - b)).toEqual(Array.from({ length: 61 }, (_, i) => i));
  expect(new Set(computed(stats.timeline).map(({ device }) => device))).toEqual(new Set(['wide', 'narrow']));
  for (const { device, columns } of computed(stats.timeline)) {
    expect(columns[1] - columns[0]).toBeLessThanOrEqual(device === 'wide' ? 16 : 5);
  }
});

test('the faster takes more, and the last ones are not left to the slower', async () => {
  const jobs = jobsFor({ slow: { width: 8, delay: 250 }, fast: { width: 8, delay: 20 } }, { n: 400, groups: 1 });
  const { data, sink } = matrixFor(jobs[0]);
  const { timeline } = await (await warmPool({ slow: 1, fast: 1 })).run(jobs, { sink });
  expect(data).toEqual(expected(jobs[0]));
  const columnsOf = (name: string): number =>
    timeline.filter(({ device }) => device === name).reduce((sum, { columns: [a, b] }) => sum + b - a, 0);
  expect(columnsOf('fast')).toBeGreaterThan(3 * columnsOf('slow'));
  expect(columnsOf('slow')).toBeGreaterThan(0);
  // Had the slower one gone on, it would have ended up to 250 ms after the other.
  const endOf = (name: string): number =>
    Math.max(
      ...computed(timeline)
        .filter(({ device }) => device === name)
        .map(({ to }) => to),
    );
  expect(endOf('slow') - endOf('fast')).toBeLessThan(170);
});

test('who is ready computes while another loads, which the timeline shows', async () => {
  const jobs = jobsFor({ late: { width: 8, loadDelay: 600 }, ready: { width: 8, delay: 20 } }, { n: 400, groups: 1 });
  const { data, sink } = matrixFor(jobs[0]);
  const { timeline } = await (await warmPool({ late: 1, ready: 1 })).run(jobs, { sink });
  expect(data).toEqual(expected(jobs[0]));
  const loading = timeline.find(({ device, doing }) => device === 'late' && doing === 'loading');
  expect(loading?.columns).toEqual([0, 0]);
  const { from, to } = loading as { from: number; to: number };
  expect(to - from).toBeGreaterThan(590);
  const meanwhile = computed(timeline).filter((one) => one.device === 'ready' && one.from < to);
  expect(meanwhile.length).toBeGreaterThan(10);
  expect(String(describeTimeline(timeline))).toMatch(/late \d+ +[·█]*░{20,}/);
});

describe('a device that is still loading when all is done', () => {
  const specs = { late: { width: 8, loadDelay: 3000 }, ready: { width: 8, delay: 2 } };

  test('isn’t waited for, and has loaded for the next run', async () => {
    const jobs = jobsFor(specs, { n: 200, groups: 1 });
    const pool = await warmPool({ late: 1, ready: 1 });
    const { data, sink } = matrixFor(jobs[0]);
    const began = performance.now();
    const { timeline } = await pool.run(jobs, { sink });
    expect(performance.now() - began).toBeLessThan(2500);
    expect(data).toEqual(expected(jobs[0]));
    expect(new Set(computed(timeline).map(({ device }) => device))).toEqual(new Set(['ready']));
    expect(timeline.find(({ device }) => device === 'late')).toMatchObject({ doing: 'loading', columns: [0, 0] });
    expect(pool.stats()).toMatchObject({ running: false, queued: 0 });
    // Nor does the next one wait for its thread.
    const again = matrixFor(jobs[0]);
    await pool.run(jobs, { sink: again.sink });
    expect(performance.now() - began).toBeLessThan(2900);
    expect(again.data).toEqual(expected(jobs[0]));
    await new Promise((resolve) => setTimeout(resolve, 3500));
    const warm = await pool.run(jobs, { sink: matrixFor(jobs[0]).sink });
    for (const { device, doing, from, to } of warm.timeline) {
      if (device === 'late' && doing === 'loading') expect(to - from).toBeLessThan(1500);
    }
    expect(pool.stats().deaths).toBe(0);
  });

  test('doesn’t hold up a call that is stopped, and is waited for when the pool closes', async () => {
    const jobs = jobsFor(specs, { n: 4000, groups: 1 });
    const pool = await warmPool({ late: 1, ready: 1 });
    const stop = new AbortController();
    const began = performance.now();
    const stopped = pool.run(jobs, { sink: matrixFor(jobs[0]).sink, signal: stop.signal });
    setTimeout(() => stop.abort('enough'), 300);
    await expect(stopped).rejects.toBe('enough');
    expect(performance.now() - began).toBeLessThan(2500);
    await pool.close();
    expect(pool.stats().threads).toEqual([]);
  });
});

test('a device that is too slow to be of use is left out once it was so with its program loaded', async () => {
  const jobs = jobsFor({ slow: { width: 8, delay: 2000 }, fast: { width: 8, delay: 50 } }, { n: 64, groups: 1 });
  const pool = await warmPool({ slow: 1, fast: 1 });
  const run = async (): Promise<Set<string>> => {
    const { timeline } = await pool.run(jobs, { sink: matrixFor(jobs[0]).sink });
    return new Set(computed(timeline).map(({ device }) => device));
  };
  // Its first execution may be slow because the engine still compiles: it gets another one.
  expect([await run(), await run()]).toEqual([new Set(['fast', 'slow']), new Set(['fast', 'slow'])]);
  expect([await run(), await run()]).toEqual([new Set(['fast']), new Set(['fast'])]);
});

describe('a device that is lost in the middle', () => {
  const act = (times: number) => ({ at: -1, how: 'error' as const, times, counter: counter() });

  test('leaves its tiles to the others', async () => {
    const jobs = jobsFor(
      { broken: { width: 16, act: act(9) }, sound: { width: 4, delay: 5 } },
      { n: 64, groups: 2, placement: 'symmetric' },
    );
    const { data, sink } = matrixFor(jobs[0]);
    const stats = await newPool({ broken: 1, sound: 1 }).run(jobs, { sink });
    expect(data).toEqual(expected(jobs[0]));
    expect(new Set(computed(stats.timeline).map(({ device }) => device))).toEqual(new Set(['sound']));
  });

  test('is the error where no other is left', async () => {
    const jobs = jobsFor({ a: { width: 16, act: act(9) }, b: { width: 4, act: act(9) } }, { n: 64 });
    const pool = newPool({ a: 1, b: 1 });
    await expect(pool.run(jobs, { sink: matrixFor(jobs[0]).sink })).rejects.toMatchObject({ code: 'DEVICE' });
    expect(pool.stats()).toMatchObject({ running: false, queued: 0 });
  });
});

test('a thread that dies is replaced on its device, and its tiles run again', async () => {
  const dies = { at: -1, how: 'exit' as const, times: 1, counter: counter() };
  const jobs = jobsFor({ a: { width: 8, act: dies }, b: { width: 4, delay: 5 } }, { n: 64 });
  const { data, sink } = matrixFor(jobs[0]);
  const stats = await newPool({ a: 1, b: 1 }).run(jobs, { sink });
  expect(data).toEqual(expected(jobs[0]));
  expect(stats.deaths).toBe(1);
});

test('blocks come each once, whatever their widths', async () => {
  const jobs = jobsFor(
    { wide: { width: 12, delay: 3 }, narrow: { width: 5, delay: 3 } },
    { n: 50, placement: 'column' },
  );
  const columns: number[] = [];
  for await (const block of streamBlocks(newPool({ wide: 1, narrow: 1 }), jobs)) {
    for (let c = block.columns[0]; c < block.columns[1]; c++) columns.push(c);
  }
  expect(columns.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
});
