/** A native program as an Executable over the thread's memory. */

import { WebAssembly } from '../../fusion/web-assembly.ts';
import { type Aval, bytesOf, type TypedArray, type Value } from '../../ir/aval.ts';
import { malformed, requireInputs } from '../../ir/builder.ts';
import { type Artifact, CONSTANTS, type Executable, type NativeCode, SCRATCH } from '../executable.ts';
import { addressOf, arrayAt, type Part, type ThreadMemory, threadMemory } from './thread-memory.ts';

type Run = (first: number, end: number) => void;

/** Where an input or an output is. */
interface Place {
  readonly aval: Aval;
  /** Words of the calls that are addresses in it. */
  readonly words: number[];
  /** Memory of its own, taken when it is first needed. */
  part: Part | undefined;
  array: TypedArray | undefined;
  /** What the calls say; −1: nothing yet. */
  address: number;
  /** What was copied into its own memory last. */
  given: Value | undefined;
}

class NativeExecutable implements Executable {
  readonly inputs: readonly Aval[];
  readonly outputs: readonly Aval[];
  readonly #code: NativeCode;
  readonly #memory: ThreadMemory;
  readonly #run: Run;
  readonly #calls: Part;
  readonly #constants: Part;
  readonly #words: Int32Array;
  /** Of the inputs, then of the outputs. */
  readonly #places: readonly Place[];
  /** Arrays of the outputs. */
  readonly #computed = new WeakSet<TypedArray>();
  readonly #inScratch: number[] = [];
  /** Where the calls say that the shared part is. */
  #scratch = -1;
  #disposed = false;

  constructor({ inputs, outputs }: Artifact, code: NativeCode, memory: ThreadMemory) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.#code = code;
    this.#memory = memory;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code.module), { memory, math: Math });
    this.#run = (instance.exports as { readonly run: Run }).run;
    this.#calls = memory.take(code.calls.byteLength);
    this.#words = new Int32Array(memory.memory.buffer, this.#calls.at, code.calls.length);
    this.#words.set(code.calls);
    this.#places = [...inputs, ...outputs].map((aval) => {
      return { aval, words: [], part: undefined, array: undefined, address: -1, given: undefined };
    });
    this.#constants = memory.take(code.constants.byteLength);
    const { at } = this.#constants;
    new Uint8Array(memory.memory.buffer, at, code.constants.byteLength).set(code.constants);
    for (const [k, word] of code.addresses.entries()) {
      const owner = code.of[k];
      if (owner === CONSTANTS) this.#words[word] += at;
      else (owner === SCRATCH ? this.#inScratch : this.#places[owner].words).push(word);
    }
  }

  async run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]> {
    if (this.#disposed) throw malformed('An executable was run after it was disposed.');
    requireInputs(this.inputs.length, inputs.length);
    const { outputs } = this.#code;
    for (let k = 0; k < inputs.length; k++) this.#take(this.#places[k], inputs[k], outputs.includes(k));
    for (let k = 0; k < outputs.length; k++)
      if (outputs[k] === inputs.length + k) this.#settle(this.#places[outputs[k]]);
    this.#reserve();
    this.#run(this.#calls.at, this.#calls.at + this.#code.calls.byteLength);
    return this.outputs.map(({ shape, dtype }, k) => {
      const owner = outputs[k];
      const made = owner < inputs.length ? inputs[owner].data : (this.#places[owner].array as TypedArray);
      if (!into) return { shape, dtype, data: made.slice() };
      if (into[k] !== made) into[k].set(made);
      return { shape, dtype, data: into[k] };
    });
  }

  arrays(): readonly TypedArray[] {
    return this.outputs.map((_, k) => {
      const array = this.#settle(this.#places[this.inputs.length + k]);
      this.#computed.add(array);
      return array;
    });
  }

  /** Reads an input where it is, if that is this thread's memory; else copies it there, once. */
  #take(place: Place, value: Value, isOutput: boolean): void {
    if (place.words.length === 0 && !isOutput) return;
    const address = addressOf(value.data);
    // What it computed itself is about to be computed anew.
    if (address !== undefined && !this.#computed.has(value.data)) {
      this.#point(place, address);
      return;
    }
    const array = this.#settle(place);
    if (place.given === value) return;
    array.set(value.data);
    place.given = value;
  }

  /** Gives an array memory of its own, and has the calls find it there. */
  #settle(place: Place): TypedArray {
    if (place.array === undefined || place.part === undefined) {
      place.part = this.#memory.take(bytesOf(place.aval));
      place.array = arrayAt(this.#memory, place.part.at, place.aval);
    }
    this.#point(place, place.part.at);
    return place.array;
  }

  #point(place: Place, address: number): void {
    if (place.address === address) return;
    const { calls } = this.#code;
    for (const word of place.words) this.#words[word] = calls[word] + address;
    place.address = address;
  }

  #reserve(): void {
    const { calls, scratchBytes } = this.#code;
    const scratch = this.#memory.scratch(scratchBytes);
    if (scratch === this.#scratch) return;
    for (const word of this.#inScratch) this.#words[word] = calls[word] + scratch;
    this.#scratch = scratch;
  }

  get keptBytes(): number {
    return this.#places.reduce((sum, { part }) => sum + (part?.bytes ?? 0), this.#calls.bytes + this.#constants.bytes);
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#memory.give(this.#calls);
    this.#memory.give(this.#constants);
    for (const { part } of this.#places) if (part) this.#memory.give(part);
  }
}

export const loadNative = (artifact: Artifact): Executable => {
  const { engine, native } = artifact;
  if (engine !== 'native' || !native) throw malformed(`Native code can't be had of an artifact of ${engine}.`);
  return new NativeExecutable(artifact, native, threadMemory());
};
