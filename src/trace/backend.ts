/** The tfjs backend that traced tensors live on: it holds no numbers, and its kernels record. */

import * as tf from '@tensorflow/tfjs-core';
import type { TensorInputs } from './engine.ts';
import type { Traced } from './kernel.ts';

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

/** What stands for the data of a traced tensor, as its data id. */
export class TracedData {
  /** What it is in the program. Changes once, where a function with its own gradient has returned it. */
  traced: Traced;
  readonly backend: TracerBackend;
  /** As tfjs counts: the tensor, and each variable made of it, is one. */
  references = 1;

  constructor(traced: Traced, backend: TracerBackend) {
    this.traced = traced;
    this.backend = backend;
  }
}

export class TracerBackend extends tf.KernelBackend {
  readonly host: TracerHost;
  #alive = 0;

  constructor(host: TracerHost) {
    super();
    this.host = host;
  }

  newData(traced: Traced): TracedData {
    this.#alive++;
    return new TracedData(traced, this);
  }
  /** What a tensor's data stand for, if they are traced by this backend's recording; also after it was disposed. */
  tracedOf(dataId: object): Traced | undefined {
    return dataId instanceof TracedData && dataId.backend === this ? dataId.traced : undefined;
  }
  override refCount(dataId: TracedData): number {
    return dataId.references;
  }
  override incRef(dataId: TracedData): void {
    dataId.references++;
  }
  override disposeData(dataId: TracedData, force = false): boolean {
    dataId.references = force ? 0 : dataId.references - 1;
    if (dataId.references > 0) return false;
    this.#alive--;
    return true;
  }
  override numDataIds(): number {
    return this.#alive;
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
