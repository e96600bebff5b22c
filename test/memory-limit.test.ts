/** `memoryLimit`: what fits runs, in a plan that takes less where it must; what can't fit is refused before any work. */

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createRuntime, type DiffopsError } from '../src/index.ts';
import { defaultMemoryLimit, memoryLimitOf } from '../src/memory-limit.ts';
import { expectClose } from './support/close.ts';
import { root } from './support/sources.ts';
import { runNode } from './support/spawn.ts';

vi.setConfig({ testTimeout: 90_000 });

const MIB = 2 ** 20;

describe('the option', () => {
  test.each([
    [1, 1],
    [2 ** 33, 2 ** 33],
    ['1 B', 1],
    ['2GiB', 2 ** 31],
    ['1.5 gib', 1.5 * 2 ** 30],
    ['500 MB', 5e8],
    ['0.5KiB', 512],
  ])('%s is %i bytes', (given, bytes) => expect(memoryLimitOf(given)).toBe(bytes));

  test.each([
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '2',
    '2 GiBs',
    'a lot',
    '-1 GiB',
    '0 B',
    '',
    null,
    true,
    {},
  ])('%s is refused by name and with the remedy', (given) =>
    expect(() => memoryLimitOf(given)).toThrow(/memoryLimit is .*'2GiB'/),
  );

  test('left out, it is half of what is free', () => {
    const half = process.availableMemory() / 2;
    expect(Math.abs(defaultMemoryLimit() - half)).toBeLessThan(0.1 * half);
  });
});

const samples = 2048;
const [batch, targets] = [
  tf.randomNormal([samples, 8], 0, 1, 'float32', 1),
  tf.randomNormal([samples, 1], 0, 1, 'float32', 2),
];
const widths = [8, 24, 24, 24, 24, 1];
const weights = widths.slice(1).map((width, k) => tf.randomNormal([widths[k], width], 0, 0.3, 'float32', 3 + k));
const network = (layers: tf.Tensor[]): tf.Scalar => {
  const last = layers.length - 1;
  const features = layers.slice(0, last).reduce<tf.Tensor>((h, w) => tf.tanh(tf.matMul(h, w as tf.Tensor2D)), batch);
  return tf.mean(tf.squaredDifference(tf.matMul(features as tf.Tensor2D, layers[last] as tf.Tensor2D), targets));
};

describe('a limit', () => {
  const runtime = createRuntime({ workers: 2 });
  afterAll(() => runtime.close());

  test('that all fits into changes nothing', async () => {
    const free = await runtime.prepareHessian(network, weights);
    const bound = await runtime.prepareHessian(network, weights, {
      memoryLimit: Math.ceil(free.plan.estimatedPeakBytes / 0.85),
    });
    // Only what threads keep for later is less.
    const withoutMemory = (plan: unknown): string => String(plan).replace(/ {2}memory .*\n/, '');
    expect(withoutMemory(bound.plan)).toBe(withoutMemory(free.plan));
    expect(bound.plan.estimatedPeakBytes).toBeLessThanOrEqual(free.plan.estimatedPeakBytes);
  });

  test('makes plans that take less and give the same matrix, down to the least that works', async () => {
    const free = await runtime.hessian(network, weights);
    let limit = free.report.estimatedPeakBytes;
    let before = limit;
    let refusal: DiffopsError | undefined;
    for (let step = 0; step < 12 && !refusal; step++) {
      limit = Math.floor(limit / 2);
      try {
        const { H, report } = await runtime.hessian(network, weights, { memoryLimit: limit });
        expect(report.estimatedPeakBytes).toBeLessThanOrEqual(limit);
        expect(report.estimatedPeakBytes).toBeLessThanOrEqual(before);
        before = report.estimatedPeakBytes;
        expectClose(H.data, free.H.data, 2e-5, `under ${limit} bytes`);
      } catch (error) {
        refusal = error as DiffopsError;
      }
    }
    expect(refusal).toMatchObject({ code: 'MEMORY_LIMIT', fields: { limit } });
    const { needed } = (refusal as DiffopsError).fields as { needed: number };
    expect(needed).toBeGreaterThan(limit);
    // What the refusal says would fit does fit.
    const { report } = await runtime.hessian(network, weights, { memoryLimit: needed });
    expect(report.estimatedPeakBytes).toBeLessThanOrEqual(needed);
  });

  test('takes fewer workers where not even the narrowest tiles of two fit', async () => {
    const refused = await runtime.prepareHessian(network, weights, { memoryLimit: '1 MiB' }).catch((error) => error);
    const { needed } = refused.fields;
    const { plan } = await runtime.prepareHessian(network, weights, { memoryLimit: needed });
    expect(plan.workers).toBe(1);
    expect(plan.estimatedPeakBytes).toBeLessThanOrEqual(needed);
    const { H, report } = await runtime.hessian(network, weights, { memoryLimit: needed });
    expect(report.threads.length).toBe(1);
    expectClose(H.data, (await runtime.hessian(network, weights)).H.data, 2e-5);
  });

  test('that cannot be kept is refused before any thread starts, with what would fit', async () => {
    await using fresh = createRuntime({ workers: 2 });
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.exp(tf.cumsum(x)));
    const x = new Float64Array(6000).fill(1e-4);
    const refused = fresh.hessian(f, x, { memoryLimit: '200 MB' });
    await expect(refused).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
    await expect(refused).rejects.toThrow(
      /result 275 MiB.*memoryLimit is 191 MiB.*hessianBlocks.*'float32'.*memoryLimit/,
    );
    expect(fresh.stats().threads).toEqual([]);
    // Two of the remedies.
    let columns = 0;
    for await (const block of fresh.hessianBlocks(f, x, { memoryLimit: '200 MB' }))
      columns += block.columns[1] - block.columns[0];
    expect(columns).toBe(6000);
    await fresh.hessian(f, x, { memoryLimit: '200 MB', precision: 'float32' });
  });

  test('never changes the cut by the number of workers', async () => {
    await using one = createRuntime({ workers: 1 });
    const cut = async (by: typeof runtime): Promise<unknown[]> => {
      const { plan } = await by.prepareHessian(network, weights, { memoryLimit: 48 * MIB });
      return [plan.nbatches, plan.blockSize, plan.tileWidth, plan.checkpoint, plan.flops];
    };
    expect(await cut(one)).toEqual(await cut(runtime));
  });

  test('is refused by name where it has no meaning', async () => {
    await expect(
      (await runtime.prepareHessian(network, weights)).evaluate(weights, { memoryLimit: 1 } as never),
    ).rejects.toThrow(/memoryLimit belongs to: hessian, jacobian/);
  });
});

/** A new cgroup with a limit on its memory; a reason where none can be made. */
const cgroupOf = (bytes: number): { readonly folder: string } | { readonly reason: string } => {
  const v1 = '/sys/fs/cgroup/memory';
  const isV1 = (() => {
    try {
      return readFileSync(join(v1, 'memory.usage_in_bytes')).length > 0;
    } catch {
      return false;
    }
  })();
  const folder = join(isV1 ? v1 : '/sys/fs/cgroup', `diffops-test-${process.pid}`);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
    return { folder };
  } catch (error) {
    return { reason: `no cgroup can be made here: ${(error as Error).message}` };
  }
};

test('inside a cgroup that it would overflow, a call is not killed', ({ skip }) => {
  const bytes = 768 * MIB;
  const cgroup = cgroupOf(bytes);
  if ('reason' in cgroup) return skip(cgroup.reason);
  try {
    const args = ['test/children/in-cgroup.mjs', `${root}/dist/src/index.js`, join(cgroup.folder, 'cgroup.procs')];
    const child = runNode(args, { timeoutMs: 80_000 });
    expect(child.stderr).toBe('');
    expect(child.status).toBe(0);
    const { free, limit, unasked, asked } = JSON.parse(child.stdout) as Record<string, number>;
    // Unbounded, it would be killed.
    expect(free).toBeGreaterThan(bytes);
    expect(limit).toBeLessThanOrEqual(bytes / 2);
    expect(unasked).toBeLessThanOrEqual(limit);
    expect(asked).toBeLessThanOrEqual(320 * MIB);
  } finally {
    rmdirSync(cgroup.folder);
  }
});
