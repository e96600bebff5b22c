/** The tfjs backend that traced tensors live on: it holds no numbers, and its kernels record. */

import * as tf from '@tensorflow/tfjs-core';
import type { TensorInputs } from './engine.ts';

/** The name under which kernels are registered. No backend is: tfjs would offer it as a default. */
export const BACKEND_NAME = 'diffops';

/** What the backend asks of the recording that it belongs to. */
export interface TracerHost {
  recordKernel(name: string, inputs: TensorInputs, attrs: object): tf.TensorInfo | tf.TensorInfo[];
  /** The values, where they don't depend on x or data; else throws. */
  readValues(dataId: object): tf.backend_util.TypedArray;
  /** The same for those who can wait. */
  readValuesAsync(dataId: object): Promise<tf.backend_util.TypedArray>;
}

export class TracerBackend extends tf.KernelBackend {
  readonly host: TracerHost;
  /** tfjs counts references to a data id: a tensor, and each variable made of it, is one. */
  readonly #references = new Map<object, number>();

  constructor(host: TracerHost) {
    super();
    this.host = host;
  }

  newDataId(): object {
    const dataId = {};
    this.#references.set(dataId, 1);
    return dataId;
  }
  override refCount(dataId: object): number {
    return this.#references.get(dataId) ?? 0;
  }
  override incRef(dataId: object): void {
    this.#references.set(dataId, this.refCount(dataId) + 1);
  }
  override disposeData(dataId: object, force = false): boolean {
    const left = this.refCount(dataId) - 1;
    if (left > 0 && !force) {
      this.#references.set(dataId, left);
      return false;
    }
    this.#references.delete(dataId);
    return true;
  }
  override numDataIds(): number {
    return this.#references.size;
  }
  override readSync(dataId: object): tf.backend_util.TypedArray {
    return this.host.readValues(dataId);
  }
  override read(dataId: object): Promise<tf.backend_util.TypedArray> {
    return this.host.readValuesAsync(dataId);
  }
  override readToGPU(dataId: object): tf.GPUData {
    return this.host.readValues(dataId) as never;
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
}

/** Times nothing: tfjs' own profiler, which debug mode switches on, reads the results of every kernel. */
export const silentProfiler = {
  profileKernel(kernelName: string, inputs: object, run: () => tf.Tensor[]): object {
    return { kernelName, inputs, outputs: run(), timeMs: Promise.resolve(0), extraInfo: Promise.resolve('') };
  },
  logKernelProfile(): void {},
};

/** Registers kernels for traced tensors, once in a process: which recording they serve is told by the backend. */
export const registerKernels = (names: readonly string[]): void => {
  for (const kernelName of names) {
    if (tf.getKernel(kernelName, BACKEND_NAME)) continue;
    tf.registerKernel({
      kernelName,
      backendName: BACKEND_NAME,
      kernelFunc: ({ inputs, attrs, backend }) =>
        (backend as TracerBackend).host.recordKernel(kernelName, inputs, attrs ?? {}),
    });
  }
};
