/** Workers that die cost their tile, not the run; a run that can't be saved says what happened. */

import { describe, expect, test } from 'vitest';
import { DiffopsError } from '../../src/errors.ts';
import { Pool } from '../../src/pool/pool.ts';
import { streamBlocks } from '../../src/pool/stream.ts';
import { counted, counter, expected, type JobSpec, makeJob, matrixFor } from './stub.mjs';

const file = new URL('./stub-worker.mjs', import.meta.url);

const withPool = async (workers: number, body: (pool: Pool) => Promise<void>): Promise<void> => {
  const pool = new Pool({ workers, file, resourceLimits: { maxOldGenerationSizeMb: 64 } });
  try {
    await body(pool);
  } finally {
    await pool.close();
  }
};

const dying = (how: 'exit' | 'throw' | 'heap' | 'error', times: number, spec: JobSpec = {}) => {
  const act = { at: 8, how, times, counter: counter() };
  return { act, job: makeJob({ width: 4, delay: 2, act, ...spec }) };
};

describe.each(['exit', 'throw', 'heap'] as const)('a worker that dies by %s', (how) => {
  test.each([1, 2])('is replaced, its tile runs again; %i workers', (workers) =>
    withPool(workers, async (pool) => {
      const { act, job } = dying(how, 1);
      const { data, sink } = matrixFor(job);
      const stats = await pool.run(job, { sink });
      expect(data).toEqual(expected(job));
      expect(stats.deaths).toBe(1);
      expect(counted(act.counter)).toBe(2);
      expect(pool.stats().deaths).toBe(1);
      // Tiles that a dead worker finished count: only the one that it died on ran twice.
      expect(stats.workers.reduce((sum, w) => sum + w.tiles, 0)).toBe(job.tiles.length);
    }),
  );

  test('the fourth time fails the run, and the pool still works', () =>
    withPool(2, async (pool) => {
      const { act, job } = dying(how, 1000);
      const { sink } = matrixFor(job);
      const said = { exit: /exited with code: 13/, throw: /the stub threw/, heap: /memory/ }[how];
      await expect(pool.run(job, { sink })).rejects.toMatchObject({
        code: 'WORKER_LOST',
        message: expect.stringMatching(said),
        fields: { deaths: 4, limit: 3, tiles: [2] },
      });
      expect(counted(act.counter)).toBe(4);
      const next = makeJob();
      const matrix = matrixFor(next);
      await pool.run(next, { sink: matrix.sink });
      expect(matrix.data).toEqual(expected(next));
    }));

  test('three deaths are survived', () =>
    withPool(2, async (pool) => {
      const { job } = dying(how, 3);
      const { data, sink } = matrixFor(job);
      expect((await pool.run(job, { sink })).deaths).toBe(3);
      expect(data).toEqual(expected(job));
    }));

  test('a stream of blocks has each once all the same', () =>
    withPool(2, async (pool) => {
      const { job } = dying(how, 2, { placement: 'column' });
      const columns: number[] = [];
      for await (const block of streamBlocks(pool, job)) {
        for (let c = block.columns[0]; c < block.columns[1]; c++) columns.push(c);
      }
      expect(columns.sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, c) => c));
    }));
});

test('an error of the program itself is not tried again, and crosses threads whole', () =>
  withPool(2, async (pool) => {
    const { act, job } = dying('error', 1000);
    const error = await pool.run(job, { sink: matrixFor(job).sink }).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'DiffopsError', code: 'DEVICE', message: 'the stub refused 7' });
    // A field that can't be cloned arrives as text instead of costing the worker its life.
    expect(error).toMatchObject({
      fields: { value: '7', f: '() => {}' },
      cause: { name: 'RangeError', message: 'deep' },
    });
    expect(counted(act.counter)).toBe(1);
    expect(pool.stats().deaths).toBe(0);
  }));

test.each([
  ['is not there', './no-such-file.mjs', 'no-such-file.mjs'],
  ['throws', './broken-worker.mjs', 'broken on load'],
  ['exits', './exiting-worker.mjs', 'ended with code 3 while it started'],
])('a worker module that %s fails the run and says so', async (_, path, said) => {
  const pool = new Pool({ workers: 2, file: new URL(path, import.meta.url) });
  const job = makeJob();
  const error = await pool.run(job, { sink: matrixFor(job).sink }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'WORKER_LOST', message: expect.stringContaining(said) });
  // Each thread's own reason, however the ends of two threads interleave.
  const { reasons } = (error as DiffopsError).fields as { reasons: string[] };
  for (const reason of reasons) expect(reason).toContain(said);
  await pool.close();
});

test('closing a pool while its threads start waits for them', async () => {
  const pool = new Pool({ workers: 3, file });
  const job = makeJob();
  const run = pool.run(job, { sink: matrixFor(job).sink }).catch((e: unknown) => e);
  await pool.close();
  expect(await run).toMatchObject({ code: 'CLOSED' });
});

test('an artifact that cannot be made fails the run with its own error, and no thread dies of it', () =>
  withPool(2, async (pool) => {
    const job = makeJob({ width: 4 });
    const broken = {
      ...job.artifacts[1],
      get model(): Uint8Array {
        throw new DiffopsError('INTERNAL', 'lowering broke at 7', { value: 7 });
      },
    };
    const { sink } = matrixFor(job);
    const run = pool.run({ ...job, artifacts: [job.artifacts[0], broken, ...job.artifacts.slice(2)] }, { sink });
    await expect(run).rejects.toMatchObject({ code: 'INTERNAL', fields: { value: 7 } });
    expect(pool.stats().deaths).toBe(0);
    const again = matrixFor(job);
    await pool.run(job, { sink: again.sink });
    expect(again.data).toEqual(expected(job));
  }));
