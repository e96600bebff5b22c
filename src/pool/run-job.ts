/** The loop that computes tiles, the same in a worker and in-process: load, run the point program once, pull tiles. */

import type { Artifact, Executable } from '../compile/executable.ts';
import { DiffopsError } from '../errors.ts';
import type { Value } from '../ir/aval.ts';
import type { TileMemory } from '../stitch/tile-memory.ts';
import type { Control } from './control.ts';
import { arraysOf, type Engines } from './engines.ts';
import type { Group, Job, Tile } from './job.ts';

/** A job without its artifacts and what is fixed, which are asked for when the thread doesn't have them yet. */
export interface JobHead extends Omit<Job, 'artifacts' | 'fixed'> {
  readonly keys: readonly string[];
  /** Key of what is fixed. */
  readonly fixed: number;
  /** Whether workers of several devices share the tiles. */
  readonly mixed: boolean;
}

/** What the loop works on, and how it reaches its surroundings. */
export interface Work {
  readonly job: JobHead;
  readonly control: Control;
  readonly slot: number;
  /** Tiles to run before any other: those that a worker died on. */
  readonly retry: readonly number[];
  /** When the work was handed out, in milliseconds since 1970: until a thread is there, it is loading. */
  readonly since: number;
  readonly engines: Engines;
  /** Where tiles are computed into. */
  readonly memory: TileMemory;
  /** Null: it can't be made, and the run has failed. */
  artifact(index: number): Artifact | null | Promise<Artifact | null>;
  /** The values of the job's `fixed`. */
  fixed(): readonly Value[] | Promise<readonly Value[]>;
  /** Whether tiles that a worker died on may be executed together again. */
  readonly joinsRetries: boolean;
  /** Brings the outputs of an execution to where they go; resolves when the loop may go on. */
  deliver(execution: Execution, outputs: readonly Value[]): void | Promise<void>;
  /** Waits until the control buffer changed since `seen`; false to leave the worker to others. */
  wait(seen: number): boolean | Promise<boolean>;
  /** Called between tiles. */
  breathe(): void | Promise<void>;
}

/** Why the loop ended: no tile is left, the run was stopped, or its consumer is slow and others want the thread. */
export type Ending = 'drained' | 'stopped' | 'yielded';

/** What is executed at once: a tile, or in a mixed pool a run of neighbours as one. */
export interface Execution {
  readonly tile: Tile;
  readonly indices: readonly number[];
}

/** When which seeds were computed, or none because of what had to be loaded first, in milliseconds since 1970. */
export interface Span {
  readonly doing: 'loading' | 'computing';
  readonly first: number;
  readonly limit: number;
  readonly from: number;
  readonly to: number;
}

const now = (): number => performance.timeOrigin + performance.now();

/** Milliseconds that a stint spent where. */
export interface Times {
  readonly load: number;
  readonly run: number;
  readonly stitch: number;
}

export interface Stint {
  readonly ending: Ending;
  readonly times: Times;
  /** Of a mixed pool. */
  readonly spans: readonly Span[];
  /** An error that would come again on any thread, and the tile that it came from. */
  readonly failure?: { readonly error: DiffopsError; readonly tile: number };
}

/** Seed indices as a tile program takes them: counted from the group's first seed, padded with −1. */
export const seedsOf = (group: Pick<Group, 'first' | 'width'>, tile: Tile): Value => {
  const data = new Int32Array(group.width).fill(-1);
  for (let s = 0; s < tile.count; s++) data[s] = tile.start - group.first + s;
  return { shape: [group.width], dtype: 'int32', data };
};

class Loop {
  readonly #work: Work;
  readonly times = { load: 0, run: 0, stitch: 0 };
  readonly spans: Span[] = [];
  readonly #retry: number[];
  /** Tiles of a mixed pool that may be claimed for the next execution; 0: it is one of those that came back. */
  #budget = 0;
  #inputs: readonly Value[] | undefined;
  #residuals: readonly Value[] | undefined;
  readonly #sources = new Map<Group, readonly Value[]>();
  /** Programs loaded, and runs of the point program. */
  #loads = 0;
  /** Programs loaded that haven't run: an engine may go on compiling in their first run. */
  readonly #cold = new Set<Executable>();
  tile = -1;

  constructor(work: Work) {
    this.#work = work;
    this.#retry = [...work.retry];
  }

  async run(): Promise<Ending> {
    const { job, control, slot } = this.#work;
    if (job.mixed) await this.#prepare();
    for (;;) {
      const next = await this.#next();
      if (typeof next !== 'number') return next;
      this.tile = next;
      const execution = this.#execution(next);
      const { tile, indices } = execution;
      const group = job.groups[tile.group];
      const ready = await this.#ready(group, now());
      const from = now();
      const outputs =
        ready &&
        (await this.#native('run', () => this.#runTile(ready.executable, [...ready.sources, seedsOf(group, tile)])));
      if (!outputs) return 'stopped';
      if (job.mixed) this.#note(execution, from, this.#cold.delete(ready.executable));
      const began = performance.now();
      await this.#work.deliver(execution, outputs);
      this.times.stitch += performance.now() - began;
      control.countTiles(slot, indices.length);
      await this.#work.breathe();
    }
  }

  /** In a mixed pool a worker claims nothing before it could begin: others may be through by then. */
  async #prepare(): Promise<void> {
    const { job, control, slot, since, retry } = this.#work;
    // Said before it is asked whether there is anything to do: else who finds nothing left might wait for this one.
    control.load(slot, retry.length === 0);
    try {
      if (control.stopped || !control.hasOpen) return;
      await this.#ready(job.groups[job.tiles[control.front].group], since);
    } finally {
      control.load(slot, false);
    }
  }

  /** What a group's tiles need, loaded and computed where it isn't yet; undefined when the run was stopped. */
  async #ready(
    group: Group,
    since: number,
  ): Promise<{ readonly sources: readonly Value[]; readonly executable: Executable } | undefined> {
    const before = this.#loads;
    const sources = await this.#sourcesOf(group);
    const executable = sources && (await this.#executable(group.artifact));
    if (this.#work.job.mixed && this.#loads > before) {
      this.spans.push({ doing: 'loading', first: 0, limit: 0, from: since, to: now() });
    }
    return executable && { sources, executable };
  }

  #runTile(executable: Executable, inputs: readonly Value[]): Promise<Value[]> {
    return executable.run(inputs, this.#work.memory.arraysFor(executable.outputs));
  }

  /** The tile, and in a mixed pool the neighbours that are executed with it. */
  #execution(index: number): Execution {
    const { job, control, slot, joinsRetries } = this.#work;
    const { tiles, groups } = job;
    const tile = tiles[index];
    const indices = [index];
    if (!job.mixed) return { tile, indices };
    const { width } = groups[tile.group];
    let { count } = tile;
    for (let k = index + 1; k < tiles.length; k++) {
      const { group, strip, count: more } = tiles[k];
      if (group !== tile.group || strip !== tile.strip || count + more > width) break;
      if (this.#budget === 0) {
        if (!joinsRetries || this.#retry[0] !== k) break;
        this.#retry.shift();
      } else {
        if (indices.length >= this.#budget) break;
        const taken = control.extend(slot, k);
        if (taken === undefined) break;
        if (taken !== k) {
          this.#retry.push(taken);
          break;
        }
      }
      indices.push(k);
      count += more;
    }
    return { tile: { ...tile, count }, indices };
  }

  #note({ tile, indices }: Execution, from: number, cold: boolean): void {
    const { control, slot } = this.#work;
    const to = now();
    control.pace(slot, to - from, indices.length, cold);
    this.spans.push({ doing: 'computing', first: tile.start, limit: tile.start + tile.count, from, to });
  }

  async #next(): Promise<number | Ending> {
    const { control, slot, job } = this.#work;
    for (;;) {
      // Read before the flags: a change after this line ends the wait below at once.
      const seen = control.signal;
      if (control.stopped) return 'stopped';
      const again = this.#retry.shift();
      this.#budget = 0;
      if (again !== undefined) return again;
      if (job.mixed) {
        this.#budget = control.share(slot);
        if (this.#budget <= 0) return 'drained';
      }
      const claim = control.claim(slot);
      if (claim === 'none') return 'drained';
      if (claim !== 'wait') return claim;
      if (control.yielding || !(await this.#work.wait(seen))) return 'yielded';
    }
  }

  /** The group's inputs but for the seeds; undefined when the run was stopped. */
  async #sourcesOf(group: Group): Promise<readonly Value[] | undefined> {
    const known = this.#sources.get(group);
    if (known) return known;
    this.#inputs ??= [...this.#work.job.inputs, ...(await this.#work.fixed())];
    this.#residuals ??= await this.#runPoint(this.#inputs);
    const inputs = this.#inputs;
    const residuals = this.#residuals;
    if (!residuals) return undefined;
    const sources = group.sources.map(({ from, index }) => (from === 'input' ? inputs : residuals)[index]);
    this.#sources.set(group, sources);
    return sources;
  }

  async #runPoint(inputs: readonly Value[]): Promise<readonly Value[] | undefined> {
    const { point } = this.#work.job;
    if (point === null) return [];
    const executable = await this.#executable(point);
    this.#loads++;
    return (
      executable && this.#native('run', () => executable.keep?.(inputs) ?? executable.run(inputs, arraysOf(executable)))
    );
  }

  async #executable(index: number): Promise<Executable | undefined> {
    const { job, engines } = this.#work;
    const found = engines.find(job.keys[index], job.threads);
    if (found) return found;
    const artifact = await this.#work.artifact(index);
    if (!artifact) return undefined;
    this.#loads++;
    return this.#native('load', async () => {
      await engines.trim({ ...this.#need, incoming: artifact.heldBytes ?? 0 }, job.threads);
      const executable = await engines.load(artifact, job.threads);
      this.#cold.add(executable);
      return executable;
    });
  }

  /** Runs a step that is in native code, during which the process must not end; undefined when the run was stopped. */
  async #native<T>(phase: 'load' | 'run', step: () => Promise<T>): Promise<T | undefined> {
    const { control, slot } = this.#work;
    if (!control.enter(slot)) return undefined;
    const began = performance.now();
    try {
      return await step();
    } finally {
      control.leave(slot);
      this.times[phase] += performance.now() - began;
    }
  }

  get #need(): { readonly own: readonly string[]; readonly pinned?: string; readonly bytes: number | undefined } {
    const { keys, point, engineBytes } = this.#work.job;
    return { own: keys, bytes: engineBytes, ...(point === null ? {} : { pinned: keys[point] }) };
  }

  /** Lets go of executables that other jobs left behind; after a failure, of all: memory may have been short. */
  async trim(failed = false): Promise<void> {
    const { engines, job } = this.#work;
    await this.#native('load', () => (failed ? engines.clear() : engines.trim(this.#need, job.threads)));
  }
}

/**
 * Works on a job until no tile is left or it is told to leave. A DiffopsError is the job's fault and is returned;
 * anything else thrown is the thread's and is thrown on.
 */
export const runJob = async (work: Work): Promise<Stint> => {
  const loop = new Loop(work);
  try {
    const ending = await loop.run();
    await loop.trim();
    return { ending, times: loop.times, spans: loop.spans };
  } catch (error) {
    if (!(error instanceof DiffopsError)) throw error;
    await loop.trim(true);
    // In a mixed pool the tiles of a device that is lost go on elsewhere.
    if (!(work.job.mixed && error.code === 'DEVICE')) work.control.stop();
    return { ending: 'stopped', times: loop.times, spans: loop.spans, failure: { error, tile: loop.tile } };
  }
};
