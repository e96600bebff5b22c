/** `device: 'tensorflow'` as callers see it; on a libtensorflow out of registry packages (`scripts/tensorflow.mjs`) where none is installed. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test, vi } from 'vitest';
import { createRuntime, devices, hessian, jacobian, prepareHessian } from '../src/index.ts';
import { expectClose } from './support/close.ts';
import { expectEveryForm, loss, weights } from './support/every-form.ts';
import { root } from './support/sources.ts';
import { runNode } from './support/spawn.ts';
import { tensorflowMissing as missing } from './support/tensorflow.ts';

vi.setConfig({ testTimeout: 180_000 });

const device = 'tensorflow';

describe.skipIf(missing)(`on TensorFlow${missing ? `: skipped, ${missing}` : ''}`, () => {
  test.each([
    { jit: true, precision: 'float32', tolerance: 2e-6 },
    { jit: true, precision: 'float64', tolerance: 1e-14 },
    { jit: false, precision: 'float32', tolerance: 2e-6 },
    { jit: false, precision: 'float64', tolerance: 1e-14 },
  ] as const)(
    'a whole Hessian, again and again, at one point and another: %o',
    async ({ jit, precision, tolerance }) => {
      await using runtime = createRuntime({ device });
      const problem = await runtime.prepareHessian(loss, weights, { jit, precision });
      expect(problem.plan).toMatchObject({ device, precision });
      for (const scale of [1, 1, 0.5]) {
        const x = weights.map((w) => tf.mul(w, scale));
        const { H } = await problem.evaluate(x);
        expectClose(H.data, (await hessian(loss, x, { precision: 'float64' })).H.data, tolerance);
      }
      expect(tf.getBackend()).toBe('cpu');
    },
  );

  test('columns, rows, blocks and recomputing', async () => {
    await using runtime = createRuntime({ device });
    await expectEveryForm(runtime, 2e-6);
  });

  test('two workers, each with a context of its own, give what one gives, bit by bit', async () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.exp(tf.sin(x)), tf.cumsum(x)));
    const x = tf.linspace(0.1, 1, 64);
    const matrices = [];
    for (const workers of [1, 2]) {
      await using runtime = createRuntime({ device, workers });
      const { H, report } = await runtime.hessian(f, x, { nbatches: 8 });
      expect(report.workers).toBe(workers);
      expect(runtime.stats().threads.length).toBe(workers);
      matrices.push(H.toArray());
    }
    expect(matrices[1]).toEqual(matrices[0]);
  });

  test('runtimes one after the other: threads come and go', async () => {
    for (let k = 0; k < 3; k++) {
      await using runtime = createRuntime({ device, workers: 1 });
      expectClose((await runtime.hessian(loss, weights)).H.data, (await hessian(loss, weights)).H.data, 2e-6);
    }
  });

  test('a large input is taken anew when it changes, and only then', async () => {
    await using runtime = createRuntime({ device, workers: 1 });
    const f = (x: tf.Tensor, c: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.square(x), c));
    const x = tf.ones([3000]);
    const problem = await runtime.prepareHessian(f, x, { data: tf.ones([3000]), nbatches: 100 });
    for (const scale of [1, 2, 2, 3]) {
      const { H } = await problem.evaluate(x, { data: tf.fill([3000], scale) });
      for (const i of [0, 1, 1500, 2999]) expect(H.get(i, i)).toBe(2 * scale);
      expect(H.get(5, 6)).toBe(0);
    }
  });

  test('a NaN is found and its column named', () =>
    expect(jacobian((x: tf.Tensor) => tf.sum(tf.sqrt(x)), tf.tensor1d([1, 0]), { device })).rejects.toMatchObject({
      code: 'NON_FINITE',
      fields: { column: 1 },
    }));

  test('a run is stopped and leaves the runtime usable, and no folder is left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'diffops-test-'));
    vi.stubEnv('TMPDIR', folder);
    await using runtime = createRuntime({ device });
    const stop = new AbortController();
    const x = tf.linspace(0, 1, 400);
    const f = (t: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.sin(t), tf.cumsum(tf.exp(t))));
    const stopped = runtime.hessian(f, x, {
      nbatches: 400,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    expectClose((await runtime.hessian(loss, weights)).H.data, (await hessian(loss, weights)).H.data, 2e-6);
    expect(readdirSync(folder)).toEqual([]);
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  test('beside another device, its library counts once against the limit that they share', async () => {
    await using runtime = createRuntime({ device: [device, 'cpu'] });
    const limit = 2 ** 29;
    const { plan } = await runtime.prepareHessian(loss, weights, { memoryLimit: limit });
    // Twice it would be more than the limit.
    expect(plan.estimatedPeakBytes).toBeGreaterThan(2 ** 28);
    expect(plan.estimatedPeakBytes).toBeLessThan(limit);
    const alone = await prepareHessian(loss, weights, { device, memoryLimit: limit });
    const cpu = await prepareHessian(loss, weights, { memoryLimit: limit });
    const together = alone.plan.estimatedPeakBytes + cpu.plan.estimatedPeakBytes;
    expect(plan.estimatedPeakBytes).toBeLessThan(1.3 * together);
    await Promise.all([alone.close(), cpu.close()]);
  });

  test('one worker where the caller asks for no number, and as many as are asked for', async () => {
    const alone = await prepareHessian(loss, weights, { device });
    expect(alone.plan.workers).toBe(1);
    expect(String(alone.plan)).toContain('on tensorflow, which owns its context; each more would compile');
    const asked = await prepareHessian(loss, weights, { device, workers: 2, nbatches: 4 });
    expect(asked.plan.workers).toBe(2);
    expect(String(asked.plan)).toContain('on tensorflow, each of which owns its context\n');
    await using runtime = createRuntime({ device: [device, 'cpu'] });
    const both = await runtime.prepareHessian(loss, weights);
    expect(both.plan.workers).toBe(1 + availableParallelism());
    await Promise.all([alone.close(), asked.close()]);
  });

  test('it is listed', async () => {
    expect((await devices()).find(({ name }) => name === device)).toMatchObject({ available: true });
  });
});

test('where the binding is not installed, calls say which packages are missing and the process goes on', () => {
  const { status, stdout, stderr } = runNode(['test/children/no-device.mjs', `${root}/dist/src/index.js`, device], {
    env: { NODE_PATH: '' },
  });
  expect(stderr).toBe('');
  const { code, message, listed, after } = JSON.parse(stdout);
  // Where a project has it beside diffops, it is found whatever the environment says.
  if (listed.available) return;
  expect(code).toBe('DEVICE');
  expect(message).toMatch(/tensorflow can't be used here: .*npm install.*tfjs-node.*device: 'cpu'/s);
  expect(listed.reason).toMatch(/@tensorflow\/tfjs-node/);
  expect(after).toEqual([[2]]);
  expect(status).toBe(0);
});
