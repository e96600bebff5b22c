/** Primitives on TensorFlow.js' WebGPU backend over Dawn, on SwiftShader where there is no GPU. */

import { vi } from 'vitest';
import type { PrimitiveName } from '../../../src/ir/params.ts';
import { deviceMissing } from '../../support/device-missing.ts';
import { describeConformance } from './conformance.ts';

// Without a GPU each shader takes a while to be made.
vi.setConfig({ testTimeout: 120_000 });

/** WGSL lets a device be off by 2^-11 in these (Accuracy of Built-in Functions), and SwiftShader is off by 4e-5. */
const ROUGH = new Set<PrimitiveName>(['sin', 'cos', 'tan', 'acos', 'asin']);

const missing = await deviceMissing('tfjs:webgpu');

describeConformance('webgpu', {
  toleranceOf: (name) => (ROUGH.has(name) ? 2 ** -11 : 2e-5),
  missing,
  lacking: ['and(int32)'],
});
