/** A native program as an Executable: its inputs copied into the thread's memory once, its outputs out of it. */

import { type Aval, allocate, sizeOf, type TypedArray, type Value } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Artifact, Executable, NativeCode } from '../executable.ts';
import { type Part, type ThreadMemory, threadMemory } from './thread-memory.ts';
import { WebAssembly } from './web-assembly.ts';

type Run = (first: number, end: number) => void;

const ARRAYS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array };

class NativeExecutable implements Executable {
  readonly inputs: readonly Aval[];
  readonly outputs: readonly Aval[];
  readonly #code: NativeCode;
  readonly #memory: ThreadMemory;
  readonly #run: Run;
  readonly #calls: Part;
  readonly #own: Part;
  /** What was copied into the place of each input last. */
  readonly #given: (Value | undefined)[] = [];
  /** Where the calls say that the shared part is. */
  #scratch = -1;
  /** Views of the memory as long as it doesn't grow. */
  #buffer: ArrayBuffer | undefined;
  #inputViews: (TypedArray | undefined)[] = [];
  #outputViews: TypedArray[] = [];
  #disposed = false;

  constructor({ inputs, outputs }: Artifact, code: NativeCode, memory: ThreadMemory) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.#code = code;
    this.#memory = memory;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code.module), { memory, math: Math });
    this.#run = (instance.exports as { readonly run: Run }).run;
    this.#calls = memory.take(code.calls.byteLength);
    this.#own = memory.take(code.inputBytes);
  }

  async run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]> {
    if (this.#disposed) throw malformed('An executable was run after it was disposed.');
    if (inputs.length !== this.inputs.length) {
      throw malformed(`The program takes ${this.inputs.length} inputs; ${inputs.length} were given.`);
    }
    this.#settle();
    for (let k = 0; k < inputs.length; k++) {
      const view = this.#inputViews[k];
      if (view === undefined || this.#given[k] === inputs[k]) continue;
      view.set(inputs[k].data);
      this.#given[k] = inputs[k];
    }
    this.#run(this.#calls.at, this.#calls.at + this.#code.calls.byteLength);
    return this.outputs.map(({ shape, dtype }, k) => {
      const view = this.#outputViews[k];
      if (!into) return { shape, dtype, data: view.slice() };
      into[k].set(view);
      return { shape, dtype, data: into[k] };
    });
  }

  /** Makes sure that the memory reaches, and that the calls and the views are of where things are now. */
  #settle(): void {
    const { calls, inInputs, inScratch, scratchBytes } = this.#code;
    const scratch = this.#memory.scratch(scratchBytes);
    const { buffer } = this.#memory.memory;
    if (scratch === this.#scratch && buffer === this.#buffer) return;
    if (scratch !== this.#scratch) {
      const words = new Int32Array(buffer, this.#calls.at, calls.length);
      words.set(calls);
      for (const k of inInputs) words[k] += this.#own.at;
      for (const k of inScratch) words[k] += scratch;
    }
    this.#scratch = scratch;
    this.#buffer = buffer;
    const view = ({ shape, dtype }: Aval, at: number): TypedArray => new ARRAYS[dtype](buffer, at, sizeOf(shape));
    this.#inputViews = this.inputs.map((aval, k) => {
      const at = this.#code.inputs[k];
      return at === null ? undefined : view(aval, this.#own.at + at);
    });
    this.#outputViews = this.outputs.map((aval, k) => {
      const place = this.#code.outputs[k];
      if (place === null) return allocate(aval.dtype, 0);
      return view(aval, place.at + (place.in === 'inputs' ? this.#own.at : scratch));
    });
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#memory.give(this.#calls);
    this.#memory.give(this.#own);
  }
}

export const loadNative = (artifact: Artifact): Executable => {
  const { engine, native } = artifact;
  if (engine !== 'native' || !native) throw malformed(`Native code can't be had of an artifact of ${engine}.`);
  return new NativeExecutable(artifact, native, threadMemory());
};
