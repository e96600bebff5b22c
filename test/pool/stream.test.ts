/** Blocks one by one: each once, none faster than it is consumed, and no one else kept waiting. */

import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { DiffopsError } from '../../src/errors.ts';
import { InProcess, type Runner } from '../../src/pool/in-process.ts';
import type { Job } from '../../src/pool/job.ts';
import { Pool } from '../../src/pool/pool.ts';
import { PATIENCE } from '../../src/pool/protocol.ts';
import { streamBlocks } from '../../src/pool/stream.ts';
import type { Block } from '../../src/stitch/block.ts';
import { counted, counter, expected, makeJob, matrixFor, stubLoad } from './stub.mjs';

const file = new URL('./stub-worker.mjs', import.meta.url);

const runners: [string, () => Runner, number][] = [
  ['on two threads', () => new Pool({ workers: 2, file }), 2],
  ['in-process', () => new InProcess(stubLoad(DiffopsError)), 1],
];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Puts blocks where they belong; counts how often each column or row came. */
class Assembly {
  readonly data: Float32Array | Float64Array;
  readonly times: number[];

  constructor(job: Job) {
    this.data = expected(job).fill(0);
    this.times = new Array(job.rows).fill(0);
  }

  add({ rows, columns, data }: Block, n: number): void {
    const width = columns[1] - columns[0];
    for (let r = rows[0]; r < rows[1]; r++) {
      for (let c = columns[0]; c < columns[1]; c++) {
        this.data[r * n + c] = data[(r - rows[0]) * width + c - columns[0]];
      }
    }
    const whole = width === n ? rows : columns;
    for (let i = whole[0]; i < whole[1]; i++) this.times[i]++;
  }
}

describe.each(runners)('%s', (_, make, workers) => {
  test.each([
    ['column', 'float64', 5],
    ['row', 'float64', 5],
    ['column', 'float32', 1],
    ['row', 'float32', 24],
  ] as const)('the blocks are the matrix: %s, %s, width %i', async (placement, dtype, width) => {
    const runner = make();
    const job = makeJob({ n: 23, placement, dtype, width });
    const assembly = new Assembly(job);
    for await (const block of streamBlocks(runner, job)) assembly.add(block, 23);
    expect(assembly.data).toEqual(expected(job));
    expect(assembly.times).toEqual(new Array(23).fill(1));
    await runner.close();
  });

  test('tiles run only as far ahead as workers plus one, the block in hand included', async () => {
    const runner = make();
    const log = new SharedArrayBuffer(4 * 24);
    new Int32Array(log).fill(-1);
    const started = (): number => new Int32Array(log).filter((id) => id !== -1).length;
    const job = makeJob({ placement: 'column', width: 1, log });
    let taken = 0;
    for await (const _block of streamBlocks(runner, job)) {
      if (taken < 6) await pause(40);
      // The consumer is through with `taken` blocks and has one more in its hands.
      expect(started() - taken).toBeLessThanOrEqual(workers + 1);
      taken++;
    }
    expect(taken).toBe(24);
    await runner.close();
  });

  test('leaving the loop stops the run within one tile', async () => {
    const runner = make();
    const log = new SharedArrayBuffer(4 * 24);
    new Int32Array(log).fill(-1);
    const job = makeJob({ placement: 'column', width: 1, log, delay: 10 });
    for await (const _block of streamBlocks(runner, job)) break;
    const started = new Int32Array(log).filter((id) => id !== -1).length;
    expect(started).toBeLessThanOrEqual(workers + 2);
    await pause(50);
    expect(new Int32Array(log).filter((id) => id !== -1).length).toBe(started);
    const next = makeJob();
    const { data, sink } = matrixFor(next);
    await runner.run(next, { sink });
    expect(data).toEqual(expected(next));
    await runner.close();
  });

  test('nothing starts before the first next; an abort rejects the pending one and leaves no listener', async () => {
    const runner = make();
    const runs = counter();
    const job = makeJob({ placement: 'column', width: 1, delay: 60, point: { runs } });
    const controller = new AbortController();
    const blocks = streamBlocks(runner, job, { signal: controller.signal });
    await pause(30);
    expect(counted(runs)).toBe(0);
    await blocks.next();
    const next = blocks.next().then(() => blocks.next().then(() => blocks.next()));
    controller.abort(new Error('no more'));
    await expect(next).rejects.toThrow('no more');
    expect(await blocks.next()).toEqual({ done: true, value: undefined });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await runner.close();
  });

  test('a run in the middle of the loop does not wait for the loop, whose stream then goes on', async () => {
    const runner = make();
    const job = makeJob({ n: 12, placement: 'column', width: 1 });
    const assembly = new Assembly(job);
    for await (const block of streamBlocks(runner, job)) {
      assembly.add(block, 12);
      const inner = makeJob({ n: 7 });
      const { data, sink } = matrixFor(inner);
      await runner.run(inner, { sink });
      expect(data).toEqual(expected(inner));
    }
    expect(assembly.data).toEqual(expected(job));
    expect(assembly.times).toEqual(new Array(12).fill(1));
    await runner.close();
  });

  test('two streams can be read in lockstep', async () => {
    const runner = make();
    const jobs = [makeJob({ n: 10, placement: 'column', width: 1 }), makeJob({ n: 10, placement: 'row', width: 1 })];
    const assemblies = jobs.map((job) => new Assembly(job));
    const streams = jobs.map((job) => streamBlocks(runner, job));
    for (;;) {
      const results = [await streams[0].next(), await streams[1].next()];
      if (results.every((result) => result.done)) break;
      for (const [s, result] of results.entries()) if (!result.done) assemblies[s].add(result.value, 10);
    }
    for (const [s, assembly] of assemblies.entries()) expect(assembly.data).toEqual(expected(jobs[s]));
    await runner.close();
  });

  test('a spoiled block can be refused before it is given out', async () => {
    const runner = make();
    const job = makeJob({ placement: 'column', width: 4, spoil: [[9, 3]] });
    const columns: number[] = [];
    const read = async (): Promise<void> => {
      const onSpoiled = (column: number): void => {
        throw new DiffopsError('NON_FINITE', `column ${column}`);
      };
      for await (const block of streamBlocks(runner, job, { onSpoiled })) columns.push(block.columns[0]);
    };
    await expect(read()).rejects.toMatchObject({ code: 'NON_FINITE', message: 'column 9' });
    expect(columns).not.toContain(8);
    await runner.close();
  });

  test('closing the place ends the stream with CLOSED', async () => {
    const runner = make();
    const blocks = streamBlocks(runner, makeJob({ placement: 'column', width: 1 }));
    await blocks.next();
    await runner.close();
    await expect(blocks.next()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

test('a consumer that pauses for long gets both its threads back', async () => {
  const pool = new Pool({ workers: 2, file });
  const log = new SharedArrayBuffer(4 * 30);
  const job = makeJob({ n: 30, placement: 'column', width: 1, delay: 10, log });
  const assembly = new Assembly(job);
  let taken = 0;
  for await (const block of streamBlocks(pool, job)) {
    assembly.add(block, 30);
    if (++taken === 5) await pause(2 * PATIENCE + 100);
  }
  expect(assembly.data).toEqual(expected(job));
  expect(new Set(new Int32Array(log).slice(10)).size).toBe(2);
  await pool.close();
});
