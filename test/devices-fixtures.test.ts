/** Every scenario against JAX on every device but the CPU, in the precisions that it has. */

import { describe, test, vi } from 'vitest';
import { DEVICE_NAMES, DEVICES, type DeviceName } from '../src/device-traits.ts';
import type { FloatDtype } from '../src/ir/aval.ts';
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
const toleranceOf = (device: DeviceName, precision: FloatDtype): number =>
  device.endsWith('webgpu') ? 1e-3 : TOLERANCE[precision];

const kinds = DEVICE_NAMES.filter((name) => name !== 'cpu').flatMap((device) =>
  (['float32', 'float64'] as const)
    .filter((precision) => precision === 'float32' || DEVICES[device].float64)
    .map((precision) => [device, precision] as const),
);

describe.each(kinds)('%s in %s', async (device, precision) => {
  const missing = await deviceMissing(device);

  test.for(scenarios)('$kind of $name', async (scenario, { skip }) => {
    if (missing) return skip(missing);
    // Each worker has XLA compile what it runs.
    const workers = device === 'tensorflow' ? { workers: 1 } : {};
    const { matrix } = await derivativeOf(scenario, precision, {
      device,
      nbatches: Math.min(2, scenario.n),
      ...workers,
    });
    expectClose(matrix.data, scenario.derivative.data, toleranceOf(device, precision), device);
  });
});
