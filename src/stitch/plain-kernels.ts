/** The stitching kernels as plain loops, for where `kernels.ts` can't have its memory. */

import { type OwnMemory, PAGE_BYTES } from '../fusion/web-assembly.ts';
import type { Kernels, KernelsOverMemory } from './linear-memory.ts';

class PlainMemory implements OwnMemory {
  buffer = new ArrayBuffer(PAGE_BYTES);

  grow(pages: number): number {
    const before = this.buffer.byteLength;
    // Contents need not survive: whoever grows it makes its arrays anew.
    this.buffer = new ArrayBuffer(before + pages * PAGE_BYTES);
    return before / PAGE_BYTES;
  }
}

type Floats = Float32ArrayConstructor | Float64ArrayConstructor;

const finiteIn =
  (memory: OwnMemory, Data: Floats): Kernels['finite32'] =>
  (at, count) =>
    new Data(memory.buffer, at, count).every(Number.isFinite) ? 1 : 0;

const transposeIn =
  (memory: OwnMemory, Data: Floats): Kernels['transpose32'] =>
  (from, fromStride, to, toStride, rows, columns) => {
    const data = new Data(memory.buffer);
    const bytes = Data.BYTES_PER_ELEMENT;
    for (let c = 0; c < columns; c++) {
      for (let r = 0; r < rows; r++) data[(to + c * toStride) / bytes + r] = data[(from + r * fromStride) / bytes + c];
    }
  };

const copyIn =
  (memory: OwnMemory): Kernels['copy'] =>
  (from, fromStride, to, toStride, bytes, lines) => {
    const data = new Uint8Array(memory.buffer);
    for (let k = 0; k < lines; k++) {
      const begin = from + k * fromStride;
      data.copyWithin(to + k * toStride, begin, begin + bytes);
    }
  };

export const plainKernels = (): KernelsOverMemory => {
  const memory = new PlainMemory();
  return {
    memory,
    kernels: {
      finite32: finiteIn(memory, Float32Array),
      finite64: finiteIn(memory, Float64Array),
      transpose32: transposeIn(memory, Float32Array),
      transpose64: transposeIn(memory, Float64Array),
      copy: copyIn(memory),
    },
  };
};
