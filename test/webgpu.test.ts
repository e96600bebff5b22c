/** `device: 'webgpu'` as callers see it; on SwiftShader where there is no GPU (`scripts/swiftshader.mjs`). */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { DeviceOption } from '../src/device-traits.ts';
import { createRuntime, hessian, hvp, jacobian } from '../src/index.ts';
import { expectClose } from './support/close.ts';
import { deviceMissing } from './support/device-missing.ts';
import { expectEveryForm, loss, weights } from './support/every-form.ts';
import { root } from './support/sources.ts';
import { runNode } from './support/spawn.ts';

// Without a GPU each program takes seconds to be made.
vi.setConfig({ testTimeout: 180_000 });

const missing = await deviceMissing('webgpu');
const gpu = { device: 'webgpu' } as const;

describe('on the GPU', () => {
  test('the matrix is that of the CPU, again and again, at one point and another', async ({ skip }) => {
    if (missing) return skip(missing);
    await using runtime = createRuntime(gpu);
    const problem = await runtime.prepareHessian(loss, weights);
    expect(problem.plan).toMatchObject({ device: 'webgpu', workers: 1, precision: 'float32' });
    for (const scale of [1, 1, 0.5]) {
      const x = weights.map((w) => tf.mul(w, scale));
      const { H, report } = await problem.evaluate(x);
      expect(report).toMatchObject({ device: 'webgpu', workers: 1 });
      expectClose(H.data, (await hessian(loss, x, { precision: 'float64' })).H.data, 2e-5);
    }
    expect(runtime.stats().threads.length).toBe(1);
  });

  test('columns, rows, blocks and recomputing', async ({ skip }) => {
    if (missing) return skip(missing);
    await using runtime = createRuntime(gpu);
    await expectEveryForm(runtime, 2e-5);
  });

  test('runtimes at work at once have a context each, and closing one leaves the others at work', async ({ skip }) => {
    if (missing) return skip(missing);
    const want = (await hessian(loss, weights, { precision: 'float64' })).H.data;
    const runtimes = [createRuntime(gpu), createRuntime({ device: ['webgpu', 'cpu'] }), createRuntime(gpu)];
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all(runtimes.map((runtime) => runtime.hessian(loss, weights, { nbatches: 3 })));
      for (const { H } of results) expectClose(H.data, want, 2e-5);
    }
    const [first, ...others] = runtimes;
    const stopped = first.hessian(loss, weights, { nbatches: 5 });
    const going = others[1].hessian(loss, weights, { nbatches: 4 });
    await Promise.all([first.close(), expect(stopped).rejects.toMatchObject({ code: 'CLOSED' })]);
    expectClose((await going).H.data, want, 2e-5);
    await Promise.all(others.map((runtime) => runtime.close()));
    expect(runtimes.flatMap((runtime) => runtime.stats().threads)).toEqual([]);
  });

  test('what the device lacks is named in the plan, and computed all the same', async ({ skip }) => {
    if (missing) return skip(missing);
    await using runtime = createRuntime(gpu);
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.topk(x, 2).values, tf.mul(x, x).slice(0, 2)));
    const x = tf.tensor1d([3, 1, 2]);
    const problem = await runtime.prepareHessian(f, x);
    expect(String(problem.plan)).toMatch(/on webgpu, which owns its context\n {2}on the CPU .*TopK\(float32\)/);
    expectClose((await problem.evaluate(x)).H.data, (await hessian(f, x)).H.data, 1e-6);
  });

  test('a NaN is found and its column named', async ({ skip }) => {
    if (missing) return skip(missing);
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.sqrt(x));
    await expect(jacobian(f, tf.tensor1d([1, 0]), gpu)).rejects.toMatchObject({
      code: 'NON_FINITE',
      fields: { column: 1 },
    });
  });
});

describe('refused before any work', () => {
  const f = (): never => expect.fail('f was called');

  test('float64, which the device lacks', async () => {
    const error = { code: 'DEVICE', message: expect.stringMatching(/webgpu has no float64.*'float32'.*'cpu'/) };
    await expect(hessian(f, [1], { ...gpu, precision: 'float64' })).rejects.toMatchObject(error);
    await expect(hessian(f, Float64Array.of(1), gpu)).rejects.toMatchObject(error);
  });

  test.each(['webgpu', 'cuda'] as const)('jit: false on %s', async (device) => {
    const fields = { option: 'jit', value: false, device };
    for (const list of [device, ['cpu', device]] as const) {
      const options = { device: list, jit: false } as const;
      await expect(hessian(f, [1], options)).rejects.toMatchObject({ code: 'OPTION', fields });
      await expect(hvp(f, [1], [1], options)).rejects.toMatchObject({ code: 'OPTION', fields });
      await expect(hessian(f, [1], options)).rejects.toThrow(
        `jit is false, but ${device} runs compiled programs only; leave jit out, or take a device that interprets: ` +
          "'cpu', 'tensorflow', 'tfjs:cpu', 'tfjs:wasm', 'tfjs:webgpu'.",
      );
    }
    // Of those that interpret, not all have it.
    const wide = jacobian(f, [1], { device: 'cuda', jit: false, precision: 'float64' });
    await expect(wide).rejects.toThrow(/interprets: 'cpu', 'tensorflow'\.$/);
  });

  test('another device than that of the runtime', async () => {
    await using runtime = createRuntime();
    await expect(runtime.hessian(f, [1], gpu)).rejects.toThrow(/this runtime was made with 'cpu'.*createRuntime/);
  });
});

describe.each(['webgpu', 'tfjs:webgpu'] as const)('a context of %s that is lost', async (gpu) => {
  const { VK_ICD_FILENAMES: manifest = '' } = process.env;
  const folder = mkdtempSync(join(tmpdir(), 'diffops-losing-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const none = await deviceMissing(gpu);
  const cannot = ((): string | undefined => {
    if (none) return none;
    if (!manifest.endsWith('vk_swiftshader_icd.json'))
      return 'only a driver of scripts/swiftshader.mjs is made to fail';
    const source = join(root, 'test/children/losing-driver.c');
    const { status } = spawnSync('cc', ['-shared', '-fPIC', '-o', join(folder, 'driver.so'), source, '-ldl']);
    return status === 0 ? undefined : 'there is no C compiler to make a failing driver with';
  })();

  interface Outcome {
    readonly what: string;
    /** Whether the loss was still to come when the call had ended. */
    readonly left: boolean;
    readonly right?: boolean;
    readonly code?: string;
    readonly message?: string;
    /** Whether some columns were done then, and others were not. */
    readonly middle?: boolean;
  }

  /** What becomes of calls where the driver loses its device at times; the process ends by itself after them. */
  const outcomes = (device: DeviceOption): readonly Outcome[] => {
    const { ICD, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
    const own = { ...rest, ICD: { ...ICD, library_path: join(folder, 'driver.so') } };
    writeFileSync(join(folder, 'icd.json'), JSON.stringify(own));
    const args = ['test/children/lost-context.mjs', `${root}/dist/src/index.js`, JSON.stringify(device)];
    const { status, stdout } = runNode(args, {
      timeoutMs: 150_000,
      env: {
        VK_ICD_FILENAMES: join(folder, 'icd.json'),
        LOSING_DRIVER: join(dirname(manifest), ICD.library_path),
        LOSE_NOW: join(folder, 'lose'),
      },
    });
    expect(status).toBe(0);
    const calls = JSON.parse(stdout) as Outcome[];
    expect(calls.filter(({ left, middle }) => left || middle === false)).toEqual([]);
    return calls;
  };

  test('fails the call with DEVICE, and the next one has another', ({ skip }) => {
    if (cannot) return skip(cannot);
    const calls = outcomes(gpu).map(({ what, right, code, message }) => [what, right ?? `${code}: ${message}`]);
    const lost = expect.stringMatching(new RegExp(`^DEVICE: ${gpu} failed.*lost.*device: 'cpu'`, 's'));
    expect(calls).toEqual([
      ['first', true],
      ['lost between runs', lost],
      ['next', true],
      ['lost in the middle', lost],
      ['next', true],
      ['aborts in the middle', expect.stringMatching(`^DEVICE: ${gpu} failed: its process ended \\(SIGABRT\\)`)],
      ['next', true],
      ['of another runtime', true],
      ['a product', true],
      ['a product that meets a loss', lost],
      ['the next product', true],
    ]);
  });

  test('leaves its columns, and products, to another device of a list', ({ skip }) => {
    if (cannot) return skip(cannot);
    const calls = outcomes([gpu, 'cpu']).map(({ what, right, message }) => [what, right ?? message]);
    expect(calls).toEqual(calls.map(([what]) => [what, true]));
  });
});

test('where no driver is found, calls fail with the reason and the process goes on', () => {
  const { status, stdout, stderr } = runNode(['test/children/no-device.mjs', `${root}/dist/src/index.js`, 'webgpu'], {
    env: { VK_ICD_FILENAMES: '/nowhere.json', LD_LIBRARY_PATH: '' },
  });
  expect(stderr).toBe('');
  const { code, message, listed, after } = JSON.parse(stdout);
  // Where another driver than Vulkan's serves, there is one.
  if (listed.available) return;
  expect(code).toBe('DEVICE');
  expect(message).toMatch(/webgpu can't be used here: .*adapter.*device: 'cpu'/s);
  expect(listed.reason).toMatch(/adapter/);
  expect(after).toEqual([[2]]);
  expect(status).toBe(0);
});
