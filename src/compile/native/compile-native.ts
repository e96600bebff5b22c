/** Fused program → machine code: a module with one function per kernel, and the list of calls that is the program. */

import { fuse } from '../../fusion/fuse.ts';
import type { Fused } from '../../fusion/kernel.ts';
import { layoutOf } from '../../fusion/layout.ts';
import { bytesPerElement } from '../../ir/aval.ts';
import type { Program } from '../../ir/program.ts';
import { CONSTANTS, type NativeCode, SCRATCH } from '../executable.ts';
import { codeOf } from './kernel-code.ts';
import { CALL_HEADER_BYTES, moduleOf } from './module.ts';

const HEADER_WORDS = CALL_HEADER_BYTES / 4;

/** Each constant has the room of a float64. */
const CONSTANT_BYTES = 8;

const constantsOf = ({ buffers, constants }: Fused, inputs: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(CONSTANT_BYTES * constants.length));
  for (const [k, value] of constants.entries()) {
    if (buffers[inputs + k].dtype === 'float64') view.setFloat64(CONSTANT_BYTES * k, value, true);
    else view.setFloat32(CONSTANT_BYTES * k, value, true);
  }
  return new Uint8Array(view.buffer);
};

/** Fuses, lays out and encodes. */
export const compileNative = (program: Program): NativeCode => {
  const fused = fuse(program);
  const inputs = program.inputs.length;
  const { offsets, scratchBytes } = layoutOf(fused, inputs);
  /** Whose place a buffer has, as in `NativeCode.of`. */
  const { constants } = fused;
  const given = inputs + constants.length;
  const owners = fused.buffers.map((_, buffer) => (buffer < inputs ? buffer : buffer < given ? CONSTANTS : SCRATCH));
  for (const [k, buffer] of fused.outputs.entries()) {
    if (buffer !== undefined && owners[buffer] === SCRATCH) owners[buffer] = inputs + k;
  }
  const calls: number[] = [];
  const addresses: number[] = [];
  const of: number[] = [];
  const place = (buffer: number, element: number): void => {
    addresses.push(calls.length);
    of.push(owners[buffer]);
    const bytes = element * bytesPerElement(fused.buffers[buffer].dtype);
    const owner = owners[buffer];
    const first = owner === SCRATCH ? offsets[buffer] : owner === CONSTANTS ? CONSTANT_BYTES * (buffer - inputs) : 0;
    calls.push(first + bytes);
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
    constants: constantsOf(fused, inputs),
  };
};
