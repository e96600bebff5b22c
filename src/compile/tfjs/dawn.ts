/** WebGPU for TensorFlow.js outside a browser: its backend over Dawn, which the package `webgpu` brings. */

import type * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from '../../errors.ts';
import type { Tf } from './lowering.ts';

type Limits = Readonly<Record<string, number>>;

interface GpuDevice {
  readonly lost: Promise<{ readonly message: string; readonly reason: string }>;
  addEventListener(name: 'uncapturederror', listener: (event: { readonly error: Error }) => void): void;
}

interface GpuAdapter {
  readonly limits: Limits;
  readonly info: unknown;
  requestDevice(options: { readonly requiredLimits: Limits }): Promise<GpuDevice>;
}

interface Gpu {
  requestAdapter(options: object): Promise<GpuAdapter | null>;
}

/** What is used of the package `webgpu`. */
interface Dawn {
  readonly globals: object;
  create(options: readonly string[]): Gpu;
}

/** What is used of the backend's package. */
interface WebgpuModule {
  readonly WebGPUBackend: new (device: GpuDevice, info: unknown) => tf.KernelBackend;
}

/** What the backend would otherwise be held to: WebGPU's smallest limits. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
];

const failure = (what: string): DiffopsError =>
  new DiffopsError(
    'DEVICE',
    `tfjs:webgpu failed: ${what}. Look after the GPU's driver and memory (a larger nbatches makes smaller tiles), or use device: 'cpu'.`,
    { device: 'tfjs:webgpu' },
  );

/** Gives the process a `navigator.gpu` and registers the backend over it; `failing` rejects once the device fails. */
export const enableWebgpu = async (
  tf: Tf,
  [backend, dawn]: readonly unknown[],
): Promise<{ failing: Promise<never> }> => {
  const { WebGPUBackend } = backend as WebgpuModule;
  const { create, globals } = dawn as Dawn;
  Object.assign(globalThis, globals);
  // Held by the navigator: what Dawn calls back for once it was collected as garbage would abort the process.
  const gpu = create([]);
  // From version 21 on, Node has a navigator, without this.
  const navigator = (globalThis as { readonly navigator?: object }).navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new DiffopsError('DEVICE', 'Dawn finds no adapter: no GPU has a driver that it knows.', {
      device: 'tfjs:webgpu',
    });
  }
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  // Else what is small and at hand would be computed on the CPU.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info), 3);
  const failing = new Promise<never>((_, reject) => {
    void device.lost.then(({ message, reason }) => reject(failure(`the context was lost (${reason}): ${message}`)));
    device.addEventListener('uncapturederror', ({ error }) => reject(failure(error.message)));
  });
  return { failing };
};
