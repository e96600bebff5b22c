/** Machine code for stitching, `kernels.wat` beside this file: what JavaScript's loops are several times slower at. */

import { type SharedMemory, WebAssembly } from '../fusion/web-assembly.ts';
import { OWN_CODE, SHARED_CODE } from './kernels-code.ts';
import type { Kernels, KernelsOverMemory } from './linear-memory.ts';
import { plainKernels } from './plain-kernels.ts';

let ownModule: object | undefined;
let sharedModule: object | undefined;

const moduleOf = (code: string): object => new WebAssembly.Module(Buffer.from(code, 'base64'));

const assembledKernels = (): KernelsOverMemory => {
  ownModule ??= moduleOf(OWN_CODE);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(ownModule, { stitch: { memory } });
  return { memory, kernels: exports as Kernels };
};

/**
 * A memory of its own with the kernels over it. Each reserves some gigabytes of addresses, whatever its size; where these
 * can't be had (a limit on virtual memory), or machine code isn't allowed, plain loops do the same.
 */
export const newKernels = (): KernelsOverMemory => {
  try {
    return assembledKernels();
  } catch {
    return plainKernels();
  }
};

/** A zeroed memory for all threads; throws where the addresses can't be had. */
export const newSharedMemory = (pages: number): SharedMemory =>
  new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });

/** The kernels over a memory that another thread may have made. */
export const kernelsOver = (memory: SharedMemory): Kernels => {
  sharedModule ??= moduleOf(SHARED_CODE);
  return new WebAssembly.Instance(sharedModule, { stitch: { memory } }).exports as Kernels;
};
