/** Runs that are stopped: by a signal, by closing the pool, by a callback that throws; on threads and in-process. */

import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { DiffopsError } from '../../src/errors.ts';
import { InProcess, type Runner } from '../../src/pool/in-process.ts';
import { Pool } from '../../src/pool/pool.ts';
import { counted, counter, expected, makeJob, matrixFor, stubLoad } from './stub.mjs';

const file = new URL('./stub-worker.mjs', import.meta.url);

const runners: [string, () => Runner, number][] = [
  ['on two threads', () => new Pool({ workers: 2, file }), 2],
  ['in-process', () => new InProcess(stubLoad(DiffopsError)), 1],
];

const rightAnswer = async (runner: Runner): Promise<void> => {
  const job = makeJob({ placement: 'symmetric' });
  const { data, sink } = matrixFor(job);
  await runner.run(job, { sink });
  expect(data).toEqual(expected(job));
};

/** How many tiles ran, as the stub wrote down when each was through. */
const started = (log: SharedArrayBuffer): number => new Int32Array(log).filter((id) => id !== -1).length;
const newLog = (n: number): SharedArrayBuffer => {
  const log = new SharedArrayBuffer(4 * n);
  new Int32Array(log).fill(-1);
  return log;
};

describe.each(runners)('%s', (_, make, workers) => {
  test('an abort stops within one tile, with the reason, and leaves no listener', async () => {
    const runner = make();
    await rightAnswer(runner);
    const controller = new AbortController();
    const log = newLog(100);
    const job = makeJob({ n: 100, width: 1, delay: 20, log });
    const reason = { why: 'enough' };
    let atAbort = 0;
    setTimeout(() => {
      controller.abort(reason);
      atAbort = started(log);
    }, 150);
    const run = runner.run(job, { sink: matrixFor(job).sink, signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    await expect(run).rejects.toBe(reason);
    expect(atAbort).toBeGreaterThan(0);
    expect(started(log) - atAbort).toBeLessThanOrEqual(workers);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await rightAnswer(runner);
    await runner.close();
  });

  test('a signal that was aborted before starts nothing; a finished run leaves no listener', async () => {
    const runner = make();
    const runs = counter();
    const job = makeJob({ point: { runs } });
    const aborted = AbortSignal.abort();
    await expect(runner.run(job, { sink: matrixFor(job).sink, signal: aborted })).rejects.toBe(aborted.reason);
    expect(counted(runs)).toBe(0);
    const controller = new AbortController();
    await runner.run(job, { sink: matrixFor(job).sink, signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await runner.close();
  });

  test('a run that waits its turn is aborted at once', async () => {
    const runner = make();
    const long = makeJob({ delay: 30, width: 2 });
    const order: string[] = [];
    const first = runner.run(long, { sink: matrixFor(long).sink }).then(() => order.push('first'));
    const controller = new AbortController();
    const job = makeJob();
    const second = runner
      .run(job, { sink: matrixFor(job).sink, signal: controller.signal })
      .catch(() => order.push('second'));
    controller.abort();
    await Promise.all([first, second]);
    expect(order).toEqual(['second', 'first']);
    await runner.close();
  });

  test('close rejects what runs and what waits with CLOSED, after the tiles at work, and whatever comes later', async () => {
    const runner = make();
    await rightAnswer(runner);
    const log = newLog(100);
    const job = makeJob({ n: 100, width: 1, delay: 20, log });
    const runs = [1, 2].map(() => runner.run(job, { sink: matrixFor(job).sink }).catch((e: unknown) => e));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closing = runner.close();
    const before = started(log);
    await closing;
    const after = started(log);
    expect(after - before).toBeLessThanOrEqual(workers);
    for (const run of runs) expect(await run).toMatchObject({ code: 'CLOSED' });
    await expect(runner.run(job, { sink: matrixFor(job).sink })).rejects.toMatchObject({ code: 'CLOSED' });
    await runner.close();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(started(log)).toBe(after);
  });

  test('a progress callback that throws ends the run with what it threw', async () => {
    const runner = make();
    const job = makeJob({ delay: 15, width: 1 });
    const thrown = new Error('from the callback');
    const run = runner.run(job, {
      sink: matrixFor(job).sink,
      onTile: () => {
        throw thrown;
      },
    });
    await expect(run).rejects.toBe(thrown);
    await rightAnswer(runner);
    await runner.close();
  });

  test('a program that fails ends the run with its own error', async () => {
    const runner = make();
    const job = makeJob({ width: 4, act: { at: 8, how: 'error', times: 9, counter: counter() } });
    await expect(runner.run(job, { sink: matrixFor(job).sink })).rejects.toMatchObject({ code: 'DEVICE' });
    await rightAnswer(runner);
    await runner.close();
  });
});

test('in-process, any other error is INTERNAL with its cause', async () => {
  const runner = new InProcess(stubLoad(DiffopsError));
  const job = makeJob({ width: 4, act: { at: 8, how: 'throw', times: 9, counter: counter() } });
  await expect(runner.run(job, { sink: matrixFor(job).sink })).rejects.toMatchObject({
    code: 'INTERNAL',
    cause: { name: 'TypeError' },
  });
  await rightAnswer(runner);
  await runner.close();
});

test('in-process, executables are kept between runs, bounded, and disposed on close', async () => {
  const [loads, disposals] = [counter(), counter()];
  const runner = new InProcess(stubLoad(DiffopsError));
  const jobs = Array.from({ length: 20 }, () => makeJob({ groups: 1, loads, disposals, point: { loads, disposals } }));
  for (const job of jobs) await runner.run(job, { sink: matrixFor(job).sink });
  expect(counted(loads)).toBe(40);
  expect(counted(disposals)).toBe(8);
  await runner.run(jobs[19], { sink: matrixFor(jobs[19]).sink });
  expect(counted(loads)).toBe(40);
  await runner.run(jobs[0], { sink: matrixFor(jobs[0]).sink });
  expect(counted(loads)).toBe(42);
  await runner.close();
  expect(counted(disposals)).toBe(42);
});

test('what a tile fails with after an abort doesn’t take the place of the reason', async () => {
  const runner = new Pool({ workers: 1, file });
  await rightAnswer(runner);
  const controller = new AbortController();
  const runs = counter();
  const act = { at: -1, how: 'error' as const, times: 9, counter: runs };
  const job = makeJob({ n: 8, width: 4, delay: 600, act });
  setTimeout(() => controller.abort('enough'), 200);
  await expect(runner.run(job, { sink: matrixFor(job).sink, signal: controller.signal })).rejects.toBe('enough');
  // It did fail.
  expect(counted(runs)).toBeGreaterThan(0);
  await runner.close();
});
