/** Fused program → machine code: a module with one function per kernel, and the list of calls that is the program. */

import { fuse } from '../../fusion/fuse.ts';
import { bytesPerElement } from '../../ir/aval.ts';
import type { Program } from '../../ir/program.ts';
import type { NativeCode } from '../executable.ts';
import { codeOf } from './kernel-code.ts';
import { layoutOf } from './layout.ts';
import { CALL_HEADER_BYTES, moduleOf } from './module.ts';

const HEADER_WORDS = CALL_HEADER_BYTES / 4;

/** Fuses, lays out and encodes. */
export const compileNative = (program: Program): NativeCode => {
  const fused = fuse(program);
  const inputs = program.inputs.length;
  const { offsets, scratchBytes } = layoutOf(fused, inputs);
  /** Whose place a buffer has, as in `NativeCode.of`. */
  const owners = fused.buffers.map((_, buffer) => (buffer < inputs ? buffer : -1));
  for (const [k, buffer] of fused.outputs.entries()) {
    if (buffer !== undefined && owners[buffer] === -1) owners[buffer] = inputs + k;
  }
  const calls: number[] = [];
  const addresses: number[] = [];
  const of: number[] = [];
  const place = (buffer: number, element: number): void => {
    addresses.push(calls.length);
    of.push(owners[buffer]);
    const bytes = element * bytesPerElement(fused.buffers[buffer].dtype);
    calls.push(owners[buffer] < 0 ? offsets[buffer] + bytes : bytes);
  };
  for (const { kernel, extents, target, element, sources, starts } of fused.calls) {
    calls.push(kernel, 4 * (HEADER_WORDS + extents.length + 1 + starts.length), ...extents);
    place(target, element);
    for (let k = 0; k < starts.length; k++) {
      if (sources[k] < 0) calls.push(starts[k]);
      else place(sources[k], starts[k]);
    }
  }
  return {
    module: moduleOf(fused.kernels.map(codeOf)),
    calls: Int32Array.from(calls),
    addresses: Int32Array.from(addresses),
    of: Int32Array.from(of),
    outputs: fused.outputs.map((buffer, k) => (buffer === undefined ? inputs + k : owners[buffer])),
    scratchBytes,
  };
};
