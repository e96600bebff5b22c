/** Which engine runs a program: the one that takes less time for it. */

import type { DotParams } from '../ir/params.ts';
import type { Program } from '../ir/program.ts';
import { tileNanoseconds } from './cost.ts';
import { nativeNanosecondsOf } from './native-cost.ts';

/** `onnx`: ONNX Runtime, an equation at a time; `native`: fused loops as WebAssembly. */
export type CompiledEngine = 'onnx' | 'native';

export interface EnginePrice {
  readonly engine: CompiledEngine;
  /** Nanoseconds of one core that a run takes. */
  readonly nanoseconds: number;
}

/** A module with one function, which makes a vector and drops it. */
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];

/** The part of the WebAssembly interface that is asked; TypeScript declares it for browsers only. */
interface MachineCode {
  validate(code: Uint8Array): boolean;
  readonly Memory: new (limits: { readonly initial: number }) => object;
}

let possible: boolean | undefined;

/** Whether this process may run vector code, and can have a memory for it, which reserves much address space. */
const canRunNative = (): boolean => {
  if (possible !== undefined) return possible;
  const { WebAssembly } = globalThis as { readonly WebAssembly?: MachineCode };
  possible = false;
  try {
    possible =
      WebAssembly?.validate(Uint8Array.from(VECTORS)) === true && new WebAssembly.Memory({ initial: 1 }) !== null;
  } catch {
    // No room for it.
  }
  return possible;
};

/** Nanoseconds per multiplication that native code never falls below. */
const LEAST_PER_PRODUCT = 0.06;

/** What the products of a program take at the very least in loops: reason enough, often, to look no further. */
const leastNative = ({ equations }: Program): number => {
  let least = 0;
  for (const { primitive, inputs, params, output } of equations) {
    if (primitive !== 'dot') continue;
    const { lhs, out } = params as unknown as DotParams;
    let products = output.aval.shape.reduce((product, extent) => product * extent, 1);
    for (const [i, label] of lhs.entries()) if (!out.includes(label)) products *= inputs[0].aval.shape[i];
    least += LEAST_PER_PRODUCT * products;
  }
  return least;
};

/** What a run takes on the engine that suits the program; `native`: whether native code is allowed. */
export const cheaperEngine = (program: Program, native: boolean): EnginePrice => {
  const onnx = tileNanoseconds(program);
  if (native && canRunNative() && leastNative(program) < onnx) {
    const nanoseconds = nativeNanosecondsOf(program);
    if (nanoseconds < onnx) return { engine: 'native', nanoseconds };
  }
  return { engine: 'onnx', nanoseconds: onnx };
};
