/** Every scenario against JAX on every device but the CPU, in float32. */

import { describe, test, vi } from 'vitest';
import { DEVICE_NAMES, type DeviceName } from '../src/device-traits.ts';
import { scenarios } from './scenarios/index.ts';
import { derivativeOf } from './scenarios/scenario.ts';
import { expectClose, TOLERANCE } from './support/close.ts';
import { deviceMissing } from './support/device-missing.ts';

// Without a GPU each shader takes a while to be made.
vi.setConfig({ testTimeout: 180_000 });

/**
 * Of the largest entry: WGSL lets sines and cosines be off by 2^-11, and SwiftShader's are off by 4e-5, which derivatives
 * multiply. Elsewhere they are as on the CPU.
 */
const toleranceOf = (device: DeviceName): number => (device.endsWith('webgpu') ? 1e-3 : TOLERANCE.float32);

describe.each(DEVICE_NAMES.filter((name) => name !== 'cpu'))('%s', async (device) => {
  const missing = await deviceMissing(device);

  test.for(scenarios)('$kind of $name', async (scenario, { skip }) => {
    if (missing) return skip(missing);
    const { matrix } = await derivativeOf(scenario, 'float32', { device, nbatches: Math.min(2, scenario.n) });
    expectClose(matrix.data, scenario.derivative.data, toleranceOf(device), device);
  });
});
