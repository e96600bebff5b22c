/** Runs into strips: two are held, a slow consumer makes the workers wait, and a worker that dies costs its tile. */

import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { DiffopsError } from '../../src/errors.ts';
import { tilesOfStrips } from '../../src/file/cut.ts';
import { mirrorDiagonal } from '../../src/file/mirror.ts';
import type { Control } from '../../src/pool/control.ts';
import { InProcess, type Runner } from '../../src/pool/in-process.ts';
import type { Job, Placement } from '../../src/pool/job.ts';
import { Pool } from '../../src/pool/pool.ts';
import { newResultMemory } from '../../src/stitch/result-memory.ts';
import { partOf, type Strip, type Strips, tilesByStrip } from '../../src/stitch/strip.ts';
import { counter, expected, type JobSpec, makeJob, matrixFor, stubLoad } from './stub.mjs';

const file = new URL('./stub-worker.mjs', import.meta.url);
const N = 24;

/** A job cut into strips that fit neither its groups nor its tiles, but for the first. */
const stripedJob = (placement: Placement, spec: JobSpec = {}): { job: Job; strips: Strips } => {
  const job = makeJob({ n: N, width: 4, placement, ...spec });
  const cuts = [0, 4, 11, 12, 20, N];
  const strips: Strip[] = cuts.slice(1).map((limit, k) => ({ first: cuts[k], limit }));
  const memories = [newResultMemory(8 * N * N, 2), newResultMemory(8 * N * N, 2)] as const;
  const matrix = { placement, rows: N, columns: N, dtype: job.dtype };
  return { job: { ...job, tiles: tilesOfStrips(job.groups, strips) }, strips: { matrix, strips, memories } };
};

/** Takes strips as the writing thread does, on this one and as slowly as it is told; fills `matrix`. */
const consume = async (
  { strips, matrix: shape, memories }: Strips,
  job: Job,
  control: Control,
  changed: () => void,
  take: (strip: number) => Promise<void>,
): Promise<Float64Array> => {
  const matrix = new Float64Array(N * N).fill(Number.NaN);
  const tiles = tilesByStrip(strips, job.tiles);
  for (const [k, strip] of strips.entries()) {
    while (!control.isFilled(k) && !control.stopped) await delay(1);
    if (control.stopped) break;
    await take(k);
    const part = partOf(shape, strip);
    const data = new Float64Array(memories[k % 2].buffer, 0, part.rows * part.columns);
    if (shape.placement === 'symmetric') mirrorDiagonal(data, part);
    for (let i = 0; i < part.rows; i++) {
      for (let j = 0; j < part.columns; j++) {
        const [row, column] = [part.row0 + i, part.column0 + j];
        matrix[row * N + column] = data[i * part.columns + j];
        if (shape.placement === 'symmetric') matrix[column * N + row] = data[i * part.columns + j];
      }
    }
    data.fill(0);
    control.consumed(tiles[k + 2] ?? 0);
    changed();
  }
  return matrix;
};

const runInto = async (
  runner: Runner,
  { job, strips }: { job: Job; strips: Strips },
  take: (strip: number) => Promise<void> = async () => {},
  signal?: AbortSignal,
) => {
  let taken: Promise<Float64Array> | undefined;
  const begin = (control: Control, changed: () => void): void => {
    taken = consume(strips, job, control, changed, take);
  };
  const stats = await runner.run(job, { sink: { kind: 'strips', strips, begin }, signal });
  return { stats, matrix: await taken };
};

const runners: [string, () => Runner][] = [
  ['on two threads', () => new Pool({ workers: 2, file })],
  ['in-process', () => new InProcess(stubLoad(DiffopsError))],
];

describe.each(runners)('%s', (_, make) => {
  test.each(['symmetric', 'column', 'row'] as const)('%s strips are the matrix', async (placement) => {
    const runner = make();
    const striped = stripedJob(placement);
    const { matrix } = await runInto(runner, striped);
    const want = expected(striped.job);
    // Of columns, the stub computes the transpose of rows; the matrix is symmetric.
    expect(matrix).toEqual(want);
    await runner.close();
  });

  test('no tile of a strip is begun before the strip two before it is taken, however long that takes', async () => {
    const runner = make();
    const log = new SharedArrayBuffer(4 * N);
    new Int32Array(log).fill(-1);
    const striped = stripedJob('symmetric', { log });
    const ahead: boolean[] = [];
    const { matrix } = await runInto(runner, striped, async (k) => {
      // Longer than a worker waits before it leaves its thread to others.
      await delay(k === 1 ? 350 : 20);
      const begun = new Int32Array(log).map((thread) => (thread === -1 ? 0 : 1));
      const next = striped.strips.strips[k + 2];
      if (next) ahead.push(begun.subarray(next.first).some((one) => one === 1));
    });
    expect(matrix).toEqual(expected(striped.job));
    expect(ahead).toEqual([false, false, false]);
    await runner.close();
  });

  test('another run is done while the consumer is slow', async () => {
    const runner = make();
    const striped = stripedJob('row');
    const order: string[] = [];
    const slow = runInto(runner, striped, (k) => delay(k === 0 ? 500 : 0)).then(({ matrix }) => {
      order.push('slow');
      return matrix;
    });
    await delay(50);
    const quick = makeJob();
    const { data, sink } = matrixFor(quick);
    await runner.run(quick, { sink });
    order.push('quick');
    expect(data).toEqual(expected(quick));
    expect(await slow).toEqual(expected(striped.job));
    expect(order).toEqual(['quick', 'slow']);
    await runner.close();
  });

  test('an abort ends a run whose consumer is slow, with the reason', async () => {
    const runner = make();
    const controller = new AbortController();
    const run = runInto(runner, stripedJob('row'), (k) => delay(k === 0 ? 300 : 0), controller.signal);
    setTimeout(() => controller.abort('enough'), 100);
    await expect(run).rejects.toBe('enough');
    await runner.close();
  });
});

test.each(['exit', 'throw'] as const)('a worker that dies by %s costs its tile', async (how) => {
  const pool = new Pool({ workers: 2, file });
  const striped = stripedJob('symmetric', { act: { at: 11, how, times: 1, counter: counter() }, delay: 2 });
  const { matrix, stats } = await runInto(pool, striped);
  expect(stats.deaths).toBe(1);
  expect(matrix).toEqual(expected(striped.job));
  await pool.close();
});
