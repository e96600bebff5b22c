/** The executables that one thread has loaded, kept by key and disposed when too many others came after them. */

import type { Artifact, Executable } from '../compile/executable.ts';
import { allocate, sizeOf, type TypedArray } from '../ir/aval.ts';

/** Loads an artifact into the engine it was made for. */
export type LoadArtifact = (artifact: Artifact, options: { readonly threads: number }) => Promise<Executable>;

/** Executables that a thread keeps, and bytes that they may hold together, unless one job needs more. */
const ENGINES_KEPT = 32;
const BYTES_KEPT = 2 ** 29;

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

  /** Disposes the least recently used that are more, or hold more, than a thread keeps, but none of `own`. Called when none is in use. */
  async trim(own: readonly string[], threads: number): Promise<void> {
    const needed = new Set(own.map((key) => idOf(key, threads)));
    let count = this.#loaded.size;
    let bytes = 0;
    for (const { keptBytes } of this.#loaded.values()) bytes += keptBytes ?? 0;
    for (const [id, executable] of this.#loaded) {
      if (count <= ENGINES_KEPT && bytes <= BYTES_KEPT) return;
      if (needed.has(id)) continue;
      this.#loaded.delete(id);
      count--;
      bytes -= executable.keptBytes ?? 0;
      await executable.dispose();
    }
  }

  /** Disposes all. */
  async clear(): Promise<void> {
    const all = [...this.#loaded.values()];
    this.#loaded.clear();
    for (const executable of all) await executable.dispose();
  }
}
