/** What a compiled Program is: an artifact that travels between threads, and the executable loaded from it. */

import type { EngineName } from '../device-traits.ts';
import type { Aval, TypedArray, Value } from '../ir/aval.ts';
import type { SerialProgram } from '../ir/serial.ts';

/** Whose place an array has that is neither an input nor an output. */
export const SCRATCH = -1;
export const CONSTANTS = -2;

/**
 * A program as machine code, and where its arrays lie: each input has a place of its own, so has each output that isn't
 * an input or an earlier output; so have
 * constants together; the rest share the scratch part of a memory.
 */
export interface NativeCode {
  /** The bytes of a WebAssembly module. */
  readonly module: Uint8Array;
  /** What its `run` goes through: calls, whose words `addresses` are bytes behind where the array at `of` is. */
  readonly calls: Int32Array;
  readonly addresses: Int32Array;
  /** k: input k; inputs + k: output k; or `SCRATCH`, `CONSTANTS`. */
  readonly of: Int32Array;
  /** Of each output, whose array it is, as in `of`. */
  readonly outputs: readonly number[];
  readonly scratchBytes: number;
  /** Bytes of the numbers that are read from memory. */
  readonly constants: Uint8Array;
}

/** A Program ready for an engine, as plain data: cloned to workers, kept in caches by `key`. */
export interface Artifact {
  readonly engine: EngineName;
  /** Hash of the program and the engine: equal keys mean interchangeable artifacts. */
  readonly key: string;
  readonly inputs: readonly Aval[];
  readonly outputs: readonly Aval[];
  /** Bytes that a thread holds for it once it has run, beside inputs and outputs, about. */
  readonly heldBytes?: number | undefined;
  /** ONNX and WebGPU: the model's bytes; made when they are first asked for. */
  readonly model?: Uint8Array;
  /** Native: made when it is first asked for, too. */
  readonly native?: NativeCode;
  /** TensorFlow: the bytes of a SavedModel; made when they are first asked for, too. */
  readonly savedModel?: Uint8Array;
  /** Interpreters: the program. */
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
  /**
   * As `run`, but the outputs stay on the device: values without data, for executables of the same thread, until it
   * runs again or is disposed.
   */
  keep?(inputs: readonly Value[]): Promise<Value[]>;
  /** Arrays that outputs can be computed into without a copy, and that are read without one: the same each time. */
  arrays?(): readonly TypedArray[];
  /** Bytes that it holds between runs, about. */
  readonly keptBytes?: number;
  dispose(): Promise<void>;
}
