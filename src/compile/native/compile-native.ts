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
  const { offsets, inputBytes, scratchBytes } = layoutOf(fused, inputs);
  const calls: number[] = [];
  const inInputs: number[] = [];
  const inScratch: number[] = [];
  const place = (buffer: number, element: number): void => {
    (buffer < inputs ? inInputs : inScratch).push(calls.length);
    calls.push(offsets[buffer] + element * bytesPerElement(fused.buffers[buffer].dtype));
  };
  for (const { kernel, extents, target, element, sources, starts } of fused.calls) {
    calls.push(kernel, 4 * (HEADER_WORDS + extents.length + 1 + starts.length), ...extents);
    place(target, element);
    for (let k = 0; k < starts.length; k++) {
      if (sources[k] < 0) calls.push(starts[k]);
      else place(sources[k], starts[k]);
    }
  }
  const used = new Set(fused.outputs);
  for (const { sources } of fused.calls) for (const buffer of sources) used.add(buffer);
  return {
    module: moduleOf(fused.kernels.map(codeOf)),
    calls: Int32Array.from(calls),
    inInputs: Int32Array.from(inInputs),
    inScratch: Int32Array.from(inScratch),
    inputs: program.inputs.map((_, k) => (used.has(k) ? offsets[k] : null)),
    outputs: fused.outputs.map((buffer) =>
      buffer === undefined ? null : { in: buffer < inputs ? 'inputs' : 'scratch', at: offsets[buffer] },
    ),
    inputBytes,
    scratchBytes,
  };
};
