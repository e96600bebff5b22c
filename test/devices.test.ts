/** Devices as callers see them: what is listed, what is refused and why, and that each computes what the CPU does. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test, vi } from 'vitest';
import { DEVICE_NAMES, DEVICES, type DeviceName } from '../src/device-traits.ts';
import { createRuntime, devices, hessian, hessianBlocks, hvp, jacobian, jvp, valueAndGrad, vjp } from '../src/index.ts';
import { expectClose } from './support/close.ts';
import { deviceMissing } from './support/device-missing.ts';
import { root } from './support/sources.ts';
import { runNode } from './support/spawn.ts';

// Without a GPU each program takes seconds to be made.
vi.setConfig({ testTimeout: 180_000 });

/** ONNX Runtime's WebGPU has tests of its own. */
const TFJS = DEVICE_NAMES.filter((name) => name.startsWith('tfjs:'));

const batch = tf.tensor2d([0.3, -1, 0.8, 0.1, 0.5, -0.7, 1.2, 0.4], [4, 2]);
const weights: tf.Tensor[] = [
  tf.tensor2d([0.5, -0.3, 0.8, 0.1, 0.9, -0.6], [2, 3]),
  tf.tensor1d([0.1, 0.2, -0.3]),
  tf.tensor2d([1, -1, 0.5], [3, 1]),
];
const loss = ([w, b, v]: tf.Tensor[]): tf.Tensor =>
  tf.mean(tf.square(tf.matMul(tf.tanh(tf.add(tf.matMul(batch, w as tf.Tensor2D), b)), v as tf.Tensor2D)));

test('devices() lists each device of the contract once, and why it can’t be had', async () => {
  const list = await devices();
  expect(list.map(({ name }) => name).sort()).toEqual(
    ['cpu', 'webgpu', 'cuda', 'tensorflow', 'tfjs:cpu', 'tfjs:wasm', 'tfjs:webgpu'].sort(),
  );
  for (const { available, reason } of list) expect(reason === undefined).toBe(available);
});

describe.each(TFJS)('%s', async (device) => {
  const missing = await deviceMissing(device);

  test('the matrix is that of the CPU, at one point and another, and nothing is left behind', async ({ skip }) => {
    if (missing) return skip(missing);
    const before = tf.memory().numTensors;
    const backend = tf.getBackend();
    await using runtime = createRuntime({ device });
    const problem = await runtime.prepareHessian(loss, weights, { nbatches: 3 });
    expect(problem.plan).toMatchObject({ device, precision: 'float32' });
    for (const scale of [1, 1, 0.5]) {
      const x = weights.map((w) => tf.mul(w, scale));
      const { H } = await problem.evaluate(x);
      expectClose(H.data, (await hessian(loss, x, { precision: 'float64' })).H.data, 2e-5);
      tf.dispose(x);
    }
    expect(tf.getBackend()).toBe(backend);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('columns, rows, data, blocks, recomputing, without jit', async ({ skip }) => {
    if (missing) return skip(missing);
    await using runtime = createRuntime({ device });
    const f = (x: tf.Tensor, c: tf.Tensor): tf.Tensor => tf.mul(tf.cumsum(tf.square(x)), c);
    const x = tf.tensor1d([0.5, -1, 2]);
    const data = tf.tensor1d([1, 2, 3]);
    for (const mode of ['forward', 'reverse'] as const) {
      const { J } = await runtime.jacobian(f, x, { data, mode, jit: mode === 'forward' });
      expectClose(J.data, [1, 0, 0, 2, -4, 0, 3, -6, 12], 1e-6);
    }
    const checkpointed = await runtime.hessian(loss, weights, { checkpoint: true, nbatches: 3 });
    expectClose(checkpointed.H.data, (await hessian(loss, weights)).H.data, 2e-5);
    const columns = [];
    for await (const block of runtime.jacobianBlocks(f, x, { data, nbatches: 3 })) columns.push(block.columns[0]);
    expect(columns.sort()).toEqual([0, 1, 2]);
  });

  test('a NaN is found and its column named', async ({ skip }) => {
    if (missing) return skip(missing);
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.sqrt(x));
    await expect(jacobian(f, tf.tensor1d([1, 0]), { device })).rejects.toMatchObject({
      code: 'NON_FINITE',
      fields: { column: 1 },
    });
  });

  test('float64 is refused before any work', async () => {
    const f = (): never => expect.fail('f was called');
    await expect(hessian(f, Float64Array.of(1), { device })).rejects.toMatchObject({
      code: 'DEVICE',
      message: expect.stringMatching(/has no float64.*'float32'.*'cpu'/),
    });
  });
});

describe.each(DEVICE_NAMES.filter((name) => name !== 'cpu'))('%s', async (device) => {
  const missing = await deviceMissing(device);

  test('products: hvp, jvp, vjp and valueAndGrad', async ({ skip }) => {
    if (missing) return skip(missing);
    const f = (v: tf.Tensor): tf.Tensor => tf.sum(tf.pow(v, 3));
    const g = (v: tf.Tensor) => ({ a: tf.sum(tf.square(v)), b: tf.mul(v, 2), none: tf.slice(v, [0], [0]) });
    const x = tf.tensor1d([1, 2]);
    const v = tf.tensor1d([3, -1]);
    expectClose([...(await hvp(f, x, v, { device })).data], [18, -12], 1e-6);
    const { value, tangent } = await jvp(g, x, v, { device });
    expectClose([...value.a.data, ...value.b.data, ...tangent.a.data, ...tangent.b.data], [5, 2, 4, 2, 6, -2], 1e-6);
    expect(tangent.none.shape).toEqual([0]);
    const u = { a: 1, b: Float32Array.of(1, 0), none: new Float32Array(0) };
    expectClose([...(await vjp(g, x, u, { device })).gradient.data], [4, 4], 1e-6);
    const { value: total, gradient } = await valueAndGrad(f, x, { device });
    expectClose([...total.data, ...gradient.data], [9, 3, 12], 1e-6);
    const wide = hvp(f, Float64Array.of(1), Float64Array.of(1), { device });
    if (DEVICES[device].float64) expect(await wide).toEqual(Float64Array.of(6));
    else await expect(wide).rejects.toMatchObject({ code: 'DEVICE' });
  });
});

test('several workers share the tiles', async () => {
  await using runtime = createRuntime({ device: 'tfjs:cpu', workers: 2 });
  const x = tf.linspace(-1, 1, 40);
  const f = (v: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.sin(v), tf.sum(tf.square(v))));
  const { H, report } = await runtime.hessian(f, x, { nbatches: 10 });
  expect(report.workers).toBe(2);
  expectClose(H.data, (await hessian(f, x, { precision: 'float64' })).H.data, 1e-6);
});

describe.each([
  ['tfjs:cpu', 'cpu'],
  ['cpu', 'tfjs:wasm'],
  ['webgpu', 'cpu'],
] as const)('%s and %s share the columns', async (...device) => {
  const missing = (await Promise.all(device.map(deviceMissing))).find((reason) => reason);
  const x = tf.linspace(-1, 1, 300);
  const f = (v: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.sin(v), tf.sum(tf.square(v))));
  const tolerance = device[0] === 'webgpu' ? 1e-3 : 1e-5;

  test('of a Hessian, again and again', async ({ skip }) => {
    if (missing) return skip(missing);
    const want = (await hessian(f, x, { precision: 'float64' })).H.data;
    await using runtime = createRuntime({ device });
    const problem = await runtime.prepareHessian(f, x, { nbatches: 20 });
    expect(problem.plan.device).toEqual(device);
    for (const name of device) expect(String(problem.plan)).toMatch(new RegExp(`workers +\\d on ${name}`));
    for (let k = 0; k < 3; k++) {
      const { H, report } = await problem.evaluate(x);
      expectClose(H.data, want, tolerance);
      expect(report.device).toEqual(device);
      const columns = report.timeline?.flatMap(({ columns: [a, b] }) => Array.from({ length: b - a }, (_, i) => a + i));
      expect(columns?.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
      expect(String(report)).toMatch(/█.* columns in \d+ tiles/);
    }
  });

  test('of Jacobians both ways, in blocks, and into a file', async ({ skip }) => {
    if (missing) return skip(missing);
    await using runtime = createRuntime({ device });
    const g = (v: tf.Tensor): tf.Tensor => tf.mul(tf.exp(tf.slice(v, 0, 40)), tf.sum(v));
    const want = (await jacobian(g, x, { precision: 'float64' })).J.data;
    for (const mode of ['forward', 'reverse'] as const) {
      expectClose((await runtime.jacobian(g, x, { mode, nbatches: 7 })).J.data, want, 1e-4);
    }
    const got = new Float32Array(want.length);
    for await (const { columns, data } of runtime.jacobianBlocks(g, x, { nbatches: 9, mode: 'forward' })) {
      const width = columns[1] - columns[0];
      for (const [i, value] of data.entries()) got[Math.floor(i / width) * 300 + columns[0] + (i % width)] = value;
    }
    expectClose(got, want, 1e-4);
    const folder = mkdtempSync(join(tmpdir(), 'diffops-mixed-'));
    try {
      const { J } = await runtime.jacobian(g, x, { out: join(folder, 'J.npy'), nbatches: 9 });
      const rows = await Promise.all(Array.from({ length: 40 }, (_, i) => J.row(i)));
      expectClose(
        rows.flatMap((row) => [...row]),
        want,
        1e-4,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('devices share a memory limit but for the result, and a refusal says what all would take', async () => {
  const f = (v: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.sin(v), tf.sum(tf.square(v))));
  const x = tf.linspace(-1, 1, 3000);
  await using runtime = createRuntime({ device: ['cpu', 'tfjs:cpu'] });
  // With threads that are yet to start, and the result counted twice, it would not fit.
  const { report } = await runtime.hessian(f, x, { memoryLimit: '100MiB' });
  expect(report.device).toEqual(['cpu', 'tfjs:cpu']);
  const refused = await runtime.prepareHessian(f, x, { memoryLimit: '36MiB' }).catch((error) => error);
  expect(refused).toMatchObject({ code: 'MEMORY_LIMIT', fields: { limit: 36 * 2 ** 20 } });
  expect(refused.message).toMatch(/one of 2 devices: .*memoryLimit is 36 MiB/);
  const { needed } = refused.fields as { needed: number };
  expect(needed).toBeLessThan(2 * 36 * 2 ** 20);
});

describe('auto', () => {
  test('takes the CPU where a problem is small, and says so', async () => {
    const { H, report } = await hessian(loss, weights, { device: 'auto' });
    expect(report).toMatchObject({
      device: 'cpu',
      chosen: expect.stringMatching(/^the CPU takes about .* ms, too little/),
    });
    expect(String(report)).toContain(`chosen     ${report.chosen}`);
    expectClose(H.data, (await hessian(loss, weights)).H.data, 0);
    const { plan } = createRuntime({ device: 'auto' }).hessianBlocks(loss, weights);
    expect((await plan).device).toBe('cpu');
  });

  test('measures the devices that are there where a problem is large', async () => {
    const wide = tf.randomNormal([2000, 3000], 0, 0.02, 'float32', 1) as tf.Tensor2D;
    const f = (x: tf.Tensor): tf.Tensor =>
      tf.sum(tf.square(tf.tanh(tf.matMul(wide, tf.tanh(tf.reshape(x, [3000, 1])) as tf.Tensor2D))));
    await using runtime = createRuntime({ device: 'auto' });
    const problem = await runtime.prepareHessian(f, tf.linspace(-1, 1, 3000));
    const { device, chosen } = problem.plan;
    expect(chosen).toMatch(/^products of matrices run at .*FLOP\/s on all cores; (no other device is here|.*FLOP\/s)/);
    const list = await devices();
    expect(list.find(({ name }) => name === device)?.available).toBe(true);
    const webgpu = list.find(({ name }) => name === 'webgpu');
    expect(chosen?.includes('webgpu')).toBe(webgpu?.available);
  });

  test('refuses what a call refuses anywhere, and jit: false stays on the CPU', async () => {
    const f = (): never => expect.fail('f was called');
    await expect(hessian(f, [1], { device: 'auto', nbatches: 9 })).rejects.toMatchObject({ code: 'NBATCHES' });
    const { report } = await hessian(loss, weights, { device: 'auto', jit: false });
    expect(report).toMatchObject({ device: 'cpu', chosen: expect.stringContaining('jit: false') });
  });
});

describe('lists that are refused', () => {
  const f = (): never => expect.fail('f was called');
  test.each([
    [[], /device is \[\]/],
    [['cpu', 'cpu'], /each once/],
    [['cpu', 'abacus'], /'abacus'/],
  ])('%j', (device, message) =>
    expect(hessian(f, [1], { device: device as DeviceName[] })).rejects.toMatchObject({
      code: 'DEVICE',
      message: expect.stringMatching(message),
    }),
  );

  test('float64, where one of them has none', async () => {
    const x = Float64Array.of(1);
    const device = ['cpu', 'tfjs:cpu'] as const;
    for (const call of [hessian(f, x, { device }), hvp(f, x, x, { device }), valueAndGrad(f, x, { device })]) {
      await expect(call).rejects.toMatchObject({
        code: 'DEVICE',
        message: expect.stringMatching(/tfjs:cpu has no float64/),
      });
    }
  });
});

describe('what can’t be had fails with the remedy', () => {
  const without = (name: string, device: DeviceName) => {
    const hook = `--import ${root}/test/children/without-package.mjs`;
    const args = ['test/children/on-device.mjs', `${root}/dist/src/index.js`, device];
    const { stdout, stderr } = runNode(args, { env: { NODE_OPTIONS: hook, WITHOUT_PACKAGE: name } });
    expect(stderr).toBe('');
    return JSON.parse(stdout) as { code?: string; message: string };
  };

  test.each([
    ['@tensorflow/tfjs-backend-cpu', 'tfjs:cpu'],
    ['@tensorflow/tfjs-backend-wasm', 'tfjs:wasm'],
    ['webgpu', 'tfjs:webgpu'],
  ] as const)('the package %s', (name, device) => {
    const { code, message } = without(name, device);
    expect(code).toBe('DEVICE');
    expect(message).toContain(`${device} can't be used here: the package ${name} isn't installed. It needs`);
    expect(message).toMatch(new RegExp(`npm install [^;]*${name}`));
    // The remedy stands once.
    expect(message.match(/npm install/g)).toHaveLength(1);
  });

  test('a process that tried the device and was killed, which the next call tries again', ({ skip }) => {
    const { stdout } = runNode(['test/children/killed-probe.mjs', `${root}/dist/src/index.js`, 'tfjs:wasm']);
    const { status, first, second } = JSON.parse(stdout);
    if (status !== 0) return skip('there is no pkill to kill it with');
    expect(first).toMatchObject({
      code: 'DEVICE',
      message: expect.stringMatching(/tried it was ended \(SIGKILL\), and/),
    });
    expect(second).toEqual([[2]]);
  });

  test('a package that another device needs is never asked for', () => {
    expect(without('@tensorflow/tfjs-backend-wasm', 'tfjs:cpu')).toEqual({
      H: [
        [2, 0],
        [0, 2],
      ],
    });
  });

  test('CUDA without its libraries', async ({ skip }) => {
    if (!(await deviceMissing('cuda'))) return skip('they are here');
    await expect(hessian(loss, weights, { device: 'cuda' })).rejects.toMatchObject({
      code: 'DEVICE',
      message: expect.stringMatching(/cuda can't be used here: .*CUDA 12 with cuDNN 9.*install\.js/s),
      fields: { device: 'cuda' },
    });
  });

  test('before f is called, wherever the call may wait', async ({ skip }) => {
    if (!(await deviceMissing('cuda'))) return skip('CUDA is here');
    const f = (): never => expect.fail('f was called');
    const x = Float32Array.of(1);
    const out = join(tmpdir(), 'diffops-refused.npy');
    for (const device of ['cuda', ['cpu', 'cuda']] as const) {
      await using runtime = createRuntime({ device });
      const calls = [
        hessian(f, x, { device }),
        hessian(f, x, { device, out }),
        jacobian(f, x, { device }),
        runtime.prepareHessian(f, x),
        hvp(f, x, x, { device }),
        jvp(f, x, x, { device }),
        vjp(f, x, x, { device }),
        valueAndGrad(f, x, { device }),
      ];
      for (const call of calls)
        await expect(call).rejects.toMatchObject({ code: 'DEVICE', fields: { device: 'cuda' } });
      expect(runtime.stats().threads).toEqual([]);
    }
    // Blocks are recorded at once, and planned only on a device that is there.
    const blocks = hessianBlocks(loss, weights, { device: 'cuda' });
    await expect(blocks.plan).rejects.toMatchObject({ code: 'DEVICE' });
    await expect(blocks[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'DEVICE' });
  });

  test('what a product is given is copied when the call is made', async () => {
    const [x, v] = [tf.tensor1d([1, 2]), tf.tensor1d([3, -1])];
    const calls = (['cpu', 'tfjs:cpu'] as const).map((device) => {
      const [own, vector] = [x.clone(), v.clone()];
      const product = hvp((y: tf.Tensor) => tf.sum(tf.pow(y, 3)), own, vector, { device });
      tf.dispose([own, vector]);
      return product;
    });
    for (const { data } of await Promise.all(calls)) expectClose([...data], [18, -12], 1e-6);
  });
});
