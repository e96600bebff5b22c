/** An artifact loaded in a process of its own, as an Executable of this thread. */

import type { EngineName } from '../../device-traits.ts';
import type { TypedArray, Value } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Artifact, Executable } from '../executable.ts';
import { unshared } from '../unshared.ts';
import { DeviceProcess } from './device-process.ts';
import type { Kept } from './messages.ts';

/** This thread's, by engine. */
const processes = new Map<EngineName, DeviceProcess>();

/** One that is at work, or a fresh one. */
const processFor = (engine: EngineName): DeviceProcess => {
  const known = processes.get(engine);
  if (known && !known.over) return known;
  const made = new DeviceProcess(engine);
  processes.set(engine, made);
  return made;
};

/** Values that stay in a process. */
const kept = new WeakMap<Value, Kept>();

const travelling = (value: Value): Value | Kept =>
  kept.get(value) ?? { shape: value.shape, dtype: value.dtype, data: unshared(value.data) };

interface Place {
  readonly process: DeviceProcess;
  readonly executable: number;
}

class ApartExecutable implements Executable {
  readonly inputs: Executable['inputs'];
  readonly outputs: Executable['outputs'];
  readonly #artifact: Artifact;
  #place: Place | undefined;
  #disposed = false;

  constructor(artifact: Artifact) {
    this.inputs = artifact.inputs;
    this.outputs = artifact.outputs;
    this.#artifact = artifact;
  }

  async run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]> {
    const values = await this.#ask('run', inputs);
    if (!into) return [...values];
    return values.map(({ shape, dtype, data }, k) => {
      into[k].set(data);
      return { shape, dtype, data: into[k] };
    });
  }

  async keep(inputs: readonly Value[]): Promise<Value[]> {
    const values = [...(await this.#ask('keep', inputs))];
    const { executable } = this.#place as Place;
    for (const [output, value] of values.entries()) kept.set(value, { of: executable, output });
    return values;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const place = this.#place;
    this.#place = undefined;
    if (place && !place.process.over) await place.process.ask({ do: 'dispose', executable: place.executable });
  }

  /** Loads it, and again where its process has ended since. */
  async load(): Promise<Place> {
    if (this.#disposed) throw malformed('An executable was run after it was disposed.');
    if (this.#place && !this.#place.process.over) return this.#place;
    const process = processFor(this.#artifact.engine);
    const executable = process.nextExecutable();
    await process.ask({ do: 'load', executable, artifact: this.#artifact });
    this.#place = { process, executable };
    return this.#place;
  }

  async #ask(what: 'run' | 'keep', inputs: readonly Value[]): Promise<readonly Value[]> {
    const { process, executable } = await this.load();
    return process.ask({ do: what, executable, inputs: inputs.map(travelling) });
  }
}

export const loadApart = async (artifact: Artifact): Promise<Executable> => {
  const executable = new ApartExecutable(artifact);
  await executable.load();
  return executable;
};
