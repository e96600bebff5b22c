/** Primitives on TensorFlow.js' WebGPU backend over Dawn, on SwiftShader where there is no GPU. */

import { expect, test, vi } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import { loadArtifact } from '../../../src/compile/load.ts';
import { backendOf } from '../../../src/compile/tfjs/backend.ts';
import type { PrimitiveName } from '../../../src/ir/params.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { deviceMissing } from '../../support/device-missing.ts';
import { root } from '../../support/sources.ts';
import { runNode } from '../../support/spawn.ts';
import { describeConformance } from './conformance.ts';

// Without a GPU each shader takes a while to be made.
vi.setConfig({ testTimeout: 120_000 });

/** WGSL lets a device be off by 2^-11 in these (Accuracy of Built-in Functions), and SwiftShader is off by 4e-5. */
const ROUGH = new Set<PrimitiveName>(['sin', 'cos', 'tan', 'acos', 'asin']);

const missing = await deviceMissing('tfjs:webgpu');

test('contexts that are lost don’t end the process, whenever garbage is collected', ({ skip }) => {
  if (missing) return skip(missing);
  const args = ['--expose-gc', 'test/children/lost-dawn.mjs', `${root}/dist/src`];
  const { status, stdout } = runNode(args, { timeoutMs: 100_000 });
  const round = [[1, 4, 9], 'DEVICE', [1, 4, 9]];
  expect([status, JSON.parse(stdout)]).toEqual([0, [...round, ...round, ...round, ...round]]);
});

test('a context that is lost is DEVICE, and what is loaded afterwards has another one', async ({ skip }) => {
  if (missing) return skip(missing);
  const ops = newOps();
  const x = ops.input({ shape: [3], dtype: 'float32' });
  const artifact = compileProgram(ops.build([ops.mul(x, x)]), 'tfjs:webgpu');
  const inputs = [{ shape: [3], dtype: 'float32' as const, data: Float32Array.of(1, 2, 3) }];
  const lost = await loadArtifact(artifact, { threads: 1 });
  expect((await lost.run(inputs))[0].data).toEqual(Float32Array.of(1, 4, 9));
  const { tf } = await backendOf('webgpu');
  (tf.backend() as unknown as { device: { destroy(): void } }).device.destroy();
  await expect(lost.run(inputs)).rejects.toMatchObject({ code: 'DEVICE', message: expect.stringMatching(/lost/) });
  await lost.dispose();
  const again = await loadArtifact(artifact, { threads: 1 });
  expect((await again.run(inputs))[0].data).toEqual(Float32Array.of(1, 4, 9));
  await again.dispose();
});

describeConformance('webgpu', {
  toleranceOf: (name) => (ROUGH.has(name) ? 2 ** -11 : 2e-5),
  missing,
  lacking: ['and(int32)'],
});
