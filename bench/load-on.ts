/** A program on the engine that its plan names, with its operands bound, run again and again. */

import { compileProgram } from '../src/compile/compile.ts';
import type { Executable } from '../src/compile/executable.ts';
import { loadArtifact } from '../src/compile/load.ts';
import { allocate, sizeOf, type TypedArray, type Value } from '../src/ir/aval.ts';
import type { Program } from '../src/ir/program.ts';
import type { CompiledEngine } from '../src/plan/engines.ts';
import { Loaded } from './engine-profile.ts';

export interface Runnable {
  /** Microseconds of the processor that one run takes. */
  run(): Promise<number>;
  /** What the last run computed. */
  values(): Value[];
  release(): Promise<void>;
}

/** A run that takes less is timed so many times over that it takes as long. */
const MICROSECONDS = 300;

/** Loops, or what XLA made, in this process. */
class Compiled implements Runnable {
  readonly #executable: Executable;
  readonly #inputs: readonly Value[];
  readonly #data: TypedArray[];
  #times = 1;

  constructor(executable: Executable, inputs: readonly Value[]) {
    this.#executable = executable;
    this.#inputs = inputs;
    this.#data = executable.outputs.map(({ dtype, shape }) => allocate(dtype, sizeOf(shape)));
  }

  async run(): Promise<number> {
    const began = process.cpuUsage();
    for (let k = 0; k < this.#times; k++) await this.#executable.run(this.#inputs, this.#data);
    const { user, system } = process.cpuUsage(began);
    const micros = (user + system) / this.#times;
    if (this.#times === 1) this.#times = Math.max(1, Math.ceil(MICROSECONDS / Math.max(1, micros)));
    return micros;
  }

  values(): Value[] {
    return this.#executable.outputs.map((aval, k) => ({ ...aval, data: this.#data[k] }));
  }

  release(): Promise<void> {
    return this.#executable.dispose();
  }
}

export const loadOn = async (engine: CompiledEngine, program: Program, inputs: readonly Value[]): Promise<Runnable> => {
  if (engine === 'onnx') return Loaded.load(program, inputs);
  return new Compiled(await loadArtifact(compileProgram(program, engine), { threads: 1 }), inputs);
};
