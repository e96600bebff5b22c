/** The executables that one thread has loaded, kept by key and disposed when too many others came after them. */

import type { Artifact, Executable } from '../compile/executable.ts';
import { allocate, sizeOf, type TypedArray } from '../ir/aval.ts';

/** Loads an artifact into the engine it was made for. */
export type LoadArtifact = (artifact: Artifact, options: { readonly threads: number }) => Promise<Executable>;

/** Executables that a thread keeps, unless one job needs more. */
export const ENGINES_KEPT = 32;

const idOf = (key: string, threads: number): string => `${threads} ${key}`;

/** Where the results of each executable that runs once per point are kept: fresh memory would take longer than they do. */
const kept = new WeakMap<Executable, readonly TypedArray[]>();

/** The same arrays each time, for what an executable gives; they hold until it runs again. */
export const arraysOf = (executable: Executable): readonly TypedArray[] => {
  const known = kept.get(executable);
  if (known) return known;
  const made = executable.arrays?.() ?? executable.outputs.map(({ shape, dtype }) => allocate(dtype, sizeOf(shape)));
  kept.set(executable, made);
  return made;
};

export class Engines {
  readonly #load: LoadArtifact;
  /** Least recently used first. */
  readonly #loaded = new Map<string, Executable>();

  constructor(load: LoadArtifact) {
    this.#load = load;
  }

  get size(): number {
    return this.#loaded.size;
  }

  find(key: string, threads: number): Executable | undefined {
    const id = idOf(key, threads);
    const executable = this.#loaded.get(id);
    if (executable === undefined) return undefined;
    this.#loaded.delete(id);
    this.#loaded.set(id, executable);
    return executable;
  }

  async load(artifact: Artifact, threads: number): Promise<Executable> {
    const executable = await this.#load(artifact, { threads });
    this.#loaded.set(idOf(artifact.key, threads), executable);
    return executable;
  }

  /** Disposes the least recently used beyond `kept`; called when none is in use. */
  async trim(kept = ENGINES_KEPT): Promise<void> {
    for (const [id, executable] of this.#loaded) {
      if (this.#loaded.size <= kept) return;
      this.#loaded.delete(id);
      await executable.dispose();
    }
  }
}
