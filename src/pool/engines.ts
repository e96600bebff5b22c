/** The executables that one thread has loaded, kept by key and disposed when too many others came after them. */

import type { Artifact, Executable } from '../compile/executable.ts';
import { allocate, sizeOf, type TypedArray } from '../ir/aval.ts';
import { MOST_KEPT_BYTES } from '../memory-limit.ts';

/** Loads an artifact into the engine it was made for. */
export type LoadArtifact = (artifact: Artifact, options: { readonly threads: number }) => Promise<Executable>;

/** Executables that a thread keeps, unless one job has more; together they hold no more bytes than they may, unless one alone does. */
const ENGINES_KEPT = 32;

/** What a thread is about to do. */
interface Need {
  /** Keys of the job's executables. */
  readonly own: readonly string[];
  /** The one whose results others read where they are. */
  readonly pinned?: string | undefined;
  /** Bytes that executables may hold together. */
  readonly bytes?: number | undefined;
  /** Bytes that one will hold that is about to be loaded; undefined: none is. */
  readonly incoming?: number | undefined;
}

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

  /**
   * Disposes the least recently used while they hold more than they may, and those of other jobs while there are too
   * many. Called when none is at work.
   */
  async trim({ own, pinned, bytes: most = MOST_KEPT_BYTES, incoming }: Need, threads: number): Promise<void> {
    const needed = new Set(own.map((key) => idOf(key, threads)));
    const kept = pinned === undefined ? undefined : idOf(pinned, threads);
    const last = incoming === undefined ? [...this.#loaded.keys()].at(-1) : undefined;
    let count = this.#loaded.size;
    let bytes = incoming ?? 0;
    for (const { keptBytes } of this.#loaded.values()) bytes += keptBytes ?? 0;
    // Those of other jobs go first.
    const all = [...this.#loaded];
    for (const [id, executable] of [...all.filter(([k]) => !needed.has(k)), ...all.filter(([k]) => needed.has(k))]) {
      const tooMany = count > ENGINES_KEPT && !needed.has(id);
      if (id === kept || id === last || !(tooMany || bytes > most)) continue;
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
