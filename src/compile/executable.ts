/** What a compiled Program is: an artifact that travels between threads, and the executable loaded from it. */

import type { Aval, TypedArray, Value } from '../ir/aval.ts';
import type { SerialProgram } from '../ir/serial.ts';

/** How artifacts of an engine are made (`onnx`) or kept (`interpret`: the program itself). */
export type EngineName = 'onnx' | 'interpret';

/** A Program ready for an engine, as plain data: cloned to workers, kept in caches by `key`. */
export interface Artifact {
  readonly engine: EngineName;
  /** Hash of the program and the engine: equal keys mean interchangeable artifacts. */
  readonly key: string;
  readonly inputs: readonly Aval[];
  readonly outputs: readonly Aval[];
  /** ONNX: the model's bytes; made when they are first asked for. */
  readonly model?: Uint8Array;
  /** Interpreter: the program. */
  readonly program?: SerialProgram;
}

/**
 * A loaded artifact. One run at a time; inputs are in the program's order and are not modified. The elements of a
 * Value that was given once must not change while it may be given again: engines wrap it, or copy it out of shared
 * memory, once.
 */
export interface Executable {
  readonly inputs: readonly Aval[];
  readonly outputs: readonly Aval[];
  /** `into`: arrays that the outputs may be computed into; the caller's again afterwards. */
  run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]>;
  dispose(): Promise<void>;
}
