/** The memory model: against what calls really add, each in a process of its own, and what it says of simple plans. */

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { blocksBytes, estimate, matrixBytes, NONE_STARTED, type Started } from '../../src/plan/memory.ts';
import { planHessian } from '../../src/plan/planner.ts';
import { newOps } from '../../src/primitives/table.ts';
import { root } from '../support/sources.ts';
import { runNode } from '../support/spawn.ts';
import { chain, planRequest } from './programs.ts';

const MIB = 2 ** 20;

interface Said {
  readonly measured: number;
  readonly estimated: number;
  readonly text: string;
  /** The memory limit, if there was one. */
  readonly limit?: number | string;
  /** After each block, the most so far. */
  readonly peaks: readonly number[];
}

/** What a call says of itself in `children/memory.mjs`. */
const call = (problem: string, options: object): Said => {
  const entry = `${root}/dist/src/index.js`;
  const args = ['--expose-gc', 'test/children/memory.mjs', entry, problem, JSON.stringify(options)];
  const { status, stdout, stderr } = runNode(args, { timeoutMs: 110_000 });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Said;
};

const hasHighWaterMark = existsSync('/proc/self/clear_refs');
if (!hasHighWaterMark) console.warn('only Linux tells the high-water mark of a call: estimates are not measured here');

describe.skipIf(!hasHighWaterMark)('the estimate is within a quarter or 32 MiB of what is measured', () => {
  test.each([
    ['network', { workers: 2 }],
    ['network', { workers: 1, checkpoint: true, nbatches: 16 }],
    ['chain', { workers: 2 }],
    ['chain', { workers: 1, precision: 'float64' }],
    ['chain', { workers: 2, blocks: true }],
    ['bands', {}],
  ])(
    '%s with %j',
    (problem, options) => {
      const { measured, estimated, text } = call(problem, options);
      const off = Math.abs(estimated - measured);
      expect(off, `${measured} measured: ${text}`).toBeLessThanOrEqual(Math.max(measured / 4, 32 * MIB));
    },
    120_000, // a process of its own, on a busy machine
  );
});

test.skipIf(!hasHighWaterMark)(
  'an interpreted call takes no more than the estimate by a quarter or 32 MiB',
  () => {
    const { measured, estimated, text } = call('chain', { workers: 2, jit: false });
    expect(measured - estimated, text).toBeLessThanOrEqual(Math.max(measured / 4, 32 * MIB));
  },
  120_000,
);

test.skipIf(!hasHighWaterMark).each([
  ['network', { workers: 2 }],
  ['network', { workers: 2, checkpoint: false, precision: 'float64' }],
  ['chain', { workers: 2 }],
  ['bands', { workers: 1 }],
  ['columns', { workers: 2, nbatches: 8 }],
])(
  'what a refusal says would do is accepted and kept: %s with %j',
  (problem, options) => {
    const { measured, estimated, limit, text } = call(problem, { ...options, least: true });
    expect(estimated, text).toBeLessThanOrEqual(limit as number);
    expect(measured, text).toBeLessThanOrEqual(Math.max(1.25 * (limit as number), (limit as number) + 32 * MIB));
  },
  120_000, // a process of its own, on a busy machine
);

test.skipIf(!hasHighWaterMark).each([1, 2])(
  'a stream whose consumer is slow keeps memory flat, with %i workers',
  (workers) => {
    const { measured, estimated, peaks, text } = call('columns', { workers, blocks: true, pace: 2, nbatches: 220 });
    expect(peaks.length, text).toBeGreaterThan(200);
    expect(Math.abs(estimated - measured), text).toBeLessThanOrEqual(Math.max(measured / 4, 32 * MIB));
    // The second half of the blocks has 230 MiB; collections don't come at the same fill each time.
    expect(peaks[peaks.length - 1] - peaks[Math.floor(peaks.length / 2)]).toBeLessThan(32 * MIB);
  },
  120_000, // a process of its own, on a busy machine
);

test.skipIf(!hasHighWaterMark).each([
  // 61 MiB each: one result beside the rest, two, then five.
  ['100 MiB', 30],
  ['170 MiB', 100],
  ['400 MiB', 30],
])(
  'results that are dropped one after the other stay under a limit of %s together, %i of them',
  (memoryLimit, evaluations) => {
    const { measured, text } = call('chain', { workers: 2, evaluations, memoryLimit });
    expect(measured, text).toBeLessThanOrEqual(Number.parseInt(memoryLimit, 10) * MIB);
  },
  120_000, // a process of its own, on a busy machine
);

test.skipIf(!hasHighWaterMark).each([
  ['chain', { workers: 2 }],
  ['network', { workers: 2 }],
  ['network', { workers: 1, memoryLimit: '150 MiB' }],
  ['chain', { workers: 2, memoryLimit: '110 MiB' }],
  ['bands', { workers: 2, memoryLimit: '70 MiB' }],
  ['chain', { workers: 2, least: true }],
  ['network', { workers: 2, least: true }],
])(
  'the first call of a process counts the start of threads and engines: %s with %j',
  (problem, options) => {
    const { measured, estimated, limit, text } = call(problem, { ...options, cold: true });
    expect(text).toMatch(/start \d|in-process/);
    expect(Math.abs(estimated - measured), text).toBeLessThanOrEqual(Math.max(measured / 4, 32 * MIB));
    const most = typeof limit === 'string' ? Number.parseInt(limit, 10) * MIB : (limit ?? Number.POSITIVE_INFINITY);
    expect(measured, text).toBeLessThanOrEqual(most);
  },
  120_000, // a process of its own, on a busy machine
);

describe('the terms', () => {
  const planned = planHessian(planRequest(chain(4, 300), { leaves: 1, nbatches: 10 }), true);

  test('add up to the total, in whole bytes', () => {
    const { total, terms } = estimate(planned, { workers: 2, held: matrixBytes(planned) });
    expect(terms.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
    expect(terms.every(({ bytes }) => Number.isInteger(bytes) && bytes >= 0)).toBe(true);
    expect(new Set(terms.map(({ name }) => name)).size).toBe(terms.length);
  });

  test('grow with the workers, and with what is held by just that', () => {
    const total = (workers: number, held: number): number => estimate(planned, { workers, held }).total;
    for (let workers = 1; workers < 8; workers++) expect(total(workers + 1, 0)).toBeGreaterThan(total(workers, 0));
    expect(total(2, 12_345) - total(2, 0)).toBe(12_345);
  });

  test('count the start of threads and of their engine where they are yet to start, and once', () => {
    const held = matrixBytes(planned);
    const start = (workers: number, started?: Started): number => {
      const { terms } = estimate(planned, { workers, held, ...(started ? { started } : {}) });
      return terms.find(({ name }) => name === 'start')?.bytes ?? Number.NaN;
    };
    expect(start(2)).toBe(0);
    expect(start(2, { threads: 2, library: true, sessions: true })).toBe(0);
    const perThread = start(2, { threads: 1, library: true, sessions: true });
    expect(start(4, { threads: 1, library: true, sessions: true })).toBe(3 * perThread);
    expect(start(2, NONE_STARTED)).toBeGreaterThan(2 * perThread);
    expect(start(0, NONE_STARTED)).toBeLessThan(start(1, NONE_STARTED));
  });

  test('hold nothing of columns that are zero throughout', () => {
    const ops = newOps();
    const [x, y] = [0, 1].map(() => ops.input({ shape: [6], dtype: 'float64' }));
    const linear = ops.build([ops.sum(ops.add(x, ops.mul(y, ops.literal(3, [6], 'float64'))), [0])]);
    const zero = planHessian(planRequest(linear, { nbatches: 4 }), false);
    expect(matrixBytes(zero)).toBe(0);
    expect(estimate(zero, { workers: 1, held: 0 }).total).toBeGreaterThan(0);
  });

  test('hold a dense matrix whole, and blocks of it until they are collected', () => {
    expect(matrixBytes(planned)).toBe(8 * 300 * 300);
    // Never more than the matrix has.
    expect(blocksBytes(planned, 2)).toBe(8 * 300 * 300);
    const large = { ...planned, rows: 1e6, columns: 1e6 };
    const perBlock = 8e6 * Math.max(...planned.groups.map(({ width }) => width));
    expect(blocksBytes(large, 3) - blocksBytes(large, 2)).toBe(perBlock);
  });
});
