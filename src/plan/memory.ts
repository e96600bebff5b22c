/**
 * The memory model: what a call adds to the process at its fullest moment, term by term, before anything runs. What each
 * term counts and how its constants were measured is told in docs/memory.md.
 */

import { availableParallelism } from 'node:os';
import { DEVICES, type DeviceName } from '../device-traits.ts';
import { fuse } from '../fusion/fuse.ts';
import { layoutOf } from '../fusion/layout.ts';
import { type Aval, bytesOf, bytesPerElement, type FloatDtype } from '../ir/aval.ts';
import type { Atom, Program } from '../ir/program.ts';
import { remembered } from '../ir/remembered.ts';
import { MOST_KEPT_BYTES } from '../memory-limit.ts';
import type { Group } from '../pool/job.ts';
import { scratchPeakBytes } from './cost.ts';
import type { CompiledEngine } from './engines.ts';

/** What is asked of a group of a plan. */
interface MeasuredGroup extends Omit<Group, 'artifact'> {
  readonly program: Program;
  readonly engine: CompiledEngine;
}

/** What is asked of a plan. */
interface Measured {
  readonly point: Program | null;
  readonly pointEngine: CompiledEngine;
  readonly groups: readonly MeasuredGroup[];
  readonly rows: number;
  readonly columns: number;
  readonly dtype: FloatDtype;
  readonly facts: { readonly sharedBytes: number; readonly device: DeviceName };
}

/** What is there before a call, so that the call doesn't add it. */
export interface Started {
  readonly threads: number;
  /** Of ONNX Runtime, in the process. */
  readonly library: boolean;
  readonly sessions: boolean;
}

/** As if all ran already. */
export const ALL_STARTED: Started = { threads: Number.POSITIVE_INFINITY, library: true, sessions: true };
export const NONE_STARTED: Started = { threads: 0, library: false, sessions: false };

/** How a plan is run. */
export interface Circumstances {
  /** Worker threads; 0: in-process. */
  readonly workers: number;
  /** Bytes of the result that are there at once, as `matrixBytes` or `blocksBytes` say. */
  readonly held: number;
  /** Bytes that a thread's sessions may hold together, if more than one does. */
  readonly engineBytes?: number;
  /** Whether the plan was looked for under a memory limit, which makes garbage. */
  readonly searched?: boolean;
  /** Whether programs are interpreted (`jit: false`), whatever engine the plan has for them. */
  readonly interpreted?: boolean;
  /** All, unless it says otherwise. */
  readonly started?: Started;
}

/** The same under a limit: a quarter of it for all of the machine's cores. */
export const engineBytesUnder = (limit: number): number =>
  Math.min(MOST_KEPT_BYTES, Math.floor(limit / 4 / availableParallelism()));

export interface MemoryTerm {
  readonly name: string;
  readonly bytes: number;
}

export interface MemoryEstimate {
  readonly total: number;
  readonly terms: readonly MemoryTerm[];
}

/** ONNX Runtime: bytes that a session holds per equation. */
const PER_EQUATION = 5 * 2 ** 10;
/** What its arena takes beside what its values need at once, of that: of one, and of many together; and at most. */
const SPARE = 0.6;
const SPARE_OF_MANY = 0.4;
const MOST_SPARE = 5 * 2 ** 20;
/** Per equation, of garbage that planning and compiling leave in the calling thread; and what every call leaves. */
const PLANNING = 4 * 2 ** 10;
const CALL = 4 * 2 ** 20;
/** What of that is still there when tiles run: the young generation, and per equation, the plan. */
const YOUNG = 2 ** 25;
const PLANNED = 1.5 * 2 ** 10;
/** Per equation, of what a search for a plan leaves beside that; V8 is told to collect what is more than so much. */
const SEARCHING = 12 * 2 ** 10;
const MOST_SEARCHING = 2 ** 24;
/**
 * What the allocator doesn't give back of sessions that were let go of, of what the kept ones take; and at most: larger
 * pieces are mapped each by itself, and given back.
 */
const LEFT = 0.75;
const MOST_LEFT = 2 ** 25;
/** What a thread's own heap grows by. */
const THREAD = 2 * 2 ** 20;
/** A thread, from when it starts until it has its first tile; ONNX Runtime's library; and its first session in a process. */
const STARTING = 11 * 2 ** 20;
const ONNX = 6 * 2 ** 20;
const FIRST_SESSION = 20 * 2 ** 20;

/** Memory is taken by the page, when it is first written to. */
const PAGE = 4096;

/**
 * Of the whole matrix, as far as it is written to. Entries with places of their own are taken to lie along the diagonal,
 * as those of bands do: a page on each line.
 */
export const matrixBytes = ({ groups, rows, columns, dtype }: Measured): number => {
  const size = bytesPerElement(dtype);
  const whole = rows * columns * size;
  let written = 0;
  for (const { outputs, first, limit } of groups) {
    if (outputs.some(({ placed }) => !placed)) return whole;
    // Columns that are zero throughout are never written.
    if (outputs.length === 0) continue;
    const widest = Math.max(...outputs.map((output) => output.size));
    written += (limit - first + widest) * PAGE + (limit - first) * size * outputs.reduce((sum, o) => sum + o.size, 0);
  }
  return Math.min(whole, written);
};

/** V8 lets go of buffers that nobody holds any more when there are so many bytes of them. */
const UNCOLLECTED = 2 ** 26;

/**
 * Of blocks given out one by one: as many as there are workers, the one that the caller has, and those that the caller
 * dropped but V8 hasn't collected.
 */
export const blocksBytes = (planned: Measured, workers: number): number => {
  const { groups, rows, columns, dtype } = planned;
  const size = bytesPerElement(dtype);
  const most = Math.max(0, ...groups.map(({ width, placement }) => width * (placement === 'row' ? columns : rows)));
  return Math.min(rows * columns * size, (Math.max(workers, 1) + 1) * most * size + UNCOLLECTED);
};

const totalOf = (values: readonly { readonly aval: Aval }[]): number =>
  values.reduce((sum, { aval }) => sum + bytesOf(aval), 0);

/** Bytes in which a native program computes. */
const nativeScratch = remembered((program: Program) => layoutOf(fuse(program), program.inputs.length).scratchBytes);

/** What one thread holds for a program that it has loaded and run, but for its outputs. */
export const sessionBytes = (program: Program, spare = SPARE): number => {
  const alive = scratchPeakBytes(program);
  return PER_EQUATION * program.equations.length + alive + Math.min(spare * alive, MOST_SPARE);
};

/** What a thread copies into its native memory for a program. */
const nativeBytes = ({ inputs }: Program, isThere: (input: number) => boolean): number =>
  inputs.reduce((sum, { aval }, k) => (isThere(k) ? sum : sum + bytesOf(aval)), 0);

/** Bytes that the threads hold for a plan's programs, all together. */
const programBytes = ({ point, pointEngine, groups }: Measured, threads: number, engineBytes: number) => {
  const isNative = pointEngine === 'native';
  // The point program's session stays, whatever else is let go of.
  const pinned = point && !isNative ? sessionBytes(point) : 0;
  let sessions = point && !isNative ? sessionBytes(point, SPARE_OF_MANY) : 0;
  let largest = 0;
  /** What is there of one of them alone, in a thread. */
  let one = pinned;
  let copies = 0;
  let pointScratch = 0;
  let tileScratch = 0;
  /** Residuals in native memory that ONNX Runtime needs a copy of, each in so many threads. */
  const handedOver = new Map<number, number>();
  if (point && isNative) {
    pointScratch = nativeScratch(point);
    copies += threads * nativeBytes(point, () => false);
  }
  for (const { program, engine: own, sources, first, limit, width } of groups) {
    // A first call has each program loaded in one thread, about; evaluations in all of them that find a tile of it.
    const loads = (1 + Math.min(threads, Math.ceil((limit - first) / width))) / 2;
    const isResidual = (k: number): boolean => sources[k]?.from === 'residual';
    if (own === 'native') {
      tileScratch = Math.max(tileScratch, nativeScratch(program));
      copies += loads * (nativeBytes(program, (k) => isNative && isResidual(k)) + totalOf(program.outputs));
    } else {
      const share = loads / threads;
      const alone = sessionBytes(program);
      sessions += share * sessionBytes(program, SPARE_OF_MANY);
      largest = Math.max(largest, alone);
      one = Math.max(one, share * alone);
      for (const { from, index } of isNative ? sources : [])
        if (from === 'residual') handedOver.set(index, Math.max(loads, handedOver.get(index) ?? 0));
    }
  }
  for (const [index, loads] of handedOver) copies += loads * bytesOf((point as Program).outputs[index].aval);
  // What is too small for a later program stays where it is, and a larger one is taken behind it.
  const scratch = tileScratch > pointScratch ? pointScratch + tileScratch : pointScratch;
  const outputs = Math.max(0, ...groups.map(({ program }) => totalOf(program.outputs)));
  // What is more is let go of before the next one is loaded.
  const kept = Math.max(engineBytes, pinned + largest);
  return {
    engine: threads * Math.min(Math.max(sessions, one), kept + Math.min(LEFT * kept, MOST_LEFT)),
    copies,
    tiles: threads * (scratch + outputs),
    residuals: point ? threads * totalOf(point.outputs) : 0,
  };
};

/** What starting adds: the threads that aren't there, and their engine. */
const startBytes = (
  { point, pointEngine, groups }: Measured,
  { workers, started, interpreted }: Circumstances,
): number => {
  const { threads, library, sessions } = started ?? ALL_STARTED;
  const engines = new Set(interpreted ? [] : [...groups.map(({ engine }) => engine), ...(point ? [pointEngine] : [])]);
  const uses = engines.has('onnx');
  // Threads load it in any case where it may come to be used.
  const loads = uses || (workers > 0 && engines.has('native'));
  return (
    Math.max(0, workers - threads) * STARTING + (loads && !library ? ONNX : 0) + (uses && !sessions ? FIRST_SESSION : 0)
  );
};

/** What the interpreter keeps of a program from run to run: buffers that are used again by values of just their size. */
const interpretedScratch = remembered(({ equations, outputs }: Program) => {
  const lastUse = new Map<Atom, number>();
  for (const [i, { inputs, output }] of equations.entries()) for (const a of [...inputs, output]) lastUse.set(a, i);
  const given = new Set<Atom>(outputs);
  const made = new Set<Atom>(equations.map((e) => e.output));
  const free = new Map<string, number>();
  let bytes = 0;
  for (const [i, { inputs, output }] of equations.entries()) {
    const keyOf = ({ aval }: Atom): string => `${aval.dtype}${bytesOf(aval)}`;
    const there = free.get(keyOf(output)) ?? 0;
    if (there > 0) free.set(keyOf(output), there - 1);
    else if (!given.has(output)) bytes += bytesOf(output.aval);
    for (const a of new Set([...inputs, output])) {
      if (lastUse.get(a) === i && made.has(a) && !given.has(a)) free.set(keyOf(a), (free.get(keyOf(a)) ?? 0) + 1);
    }
  }
  return bytes;
});

/** The same bytes as `programBytes`, where programs are interpreted: what they give is new each time. */
const interpretedBytes = ({ point, groups }: Measured, threads: number): ReturnType<typeof programBytes> => {
  let engine = point ? threads * interpretedScratch(point) : 0;
  let given = 0;
  for (const { program, first, limit, width } of groups) {
    const tiles = Math.ceil((limit - first) / width);
    engine += ((1 + Math.min(threads, tiles)) / 2) * interpretedScratch(program);
    given += tiles * totalOf(program.outputs);
  }
  const residuals = point ? threads * totalOf(point.outputs) : 0;
  return { engine, copies: 0, tiles: Math.min(given, threads * UNCOLLECTED), residuals };
};

/** Of TensorFlow: its library and compiler with their first thread, and each thread's TensorFlow.js and context. */
const LIBRARY = 2 ** 28;
const CONTEXT = 2 ** 25;

/** Of a context in a process of its own: that process, with its engine and a driver. */
const PROCESS = 160 * 2 ** 20;

/** What is held once, however many of these devices share a limit. */
export const libraryBytes = (devices: readonly DeviceName[]): number =>
  devices.reduce((sum, name) => sum + (name === 'tensorflow' ? LIBRARY : DEVICES[name].apart ? PROCESS : 0), 0);

/** Cheap enough to be asked for many plans, each for several numbers of workers. */
export const estimate = (planned: Measured, circumstances: Circumstances): MemoryEstimate => {
  const { workers, held, engineBytes = MOST_KEPT_BYTES, searched = false, interpreted = false } = circumstances;
  const { point, groups, facts } = planned;
  const equations = groups.reduce((sum, { program }) => sum + program.equations.length, point?.equations.length ?? 0);
  const threads = Math.max(workers, 1);
  const { engine, copies, tiles, residuals } = interpreted
    ? interpretedBytes(planned, threads)
    : programBytes(planned, threads, engineBytes);
  // The caller's thread has a copy, and where there are workers, one that they share; each engine takes one of its own.
  const inputs = (1 + Math.sign(workers) + workers) * facts.sharedBytes;
  const library = libraryBytes([facts.device]);
  const contexts = facts.device === 'tensorflow' ? workers * CONTEXT : 0;
  const searching = searched ? Math.min(MOST_SEARCHING, SEARCHING * equations) : 0;
  const running = {
    inputs,
    copies,
    residuals,
    engine: engine + library + contexts,
    tiles,
    threads: workers * THREAD,
    start: startBytes(planned, circumstances),
    result: held,
  };
  // Planning is over before anything runs: most of its garbage is gone by then, or is when memory is wanted.
  const fullest = CALL + PLANNING * equations + searching;
  const left = Math.min(fullest, CALL + YOUNG + PLANNED * equations + searching);
  const run = Object.values(running).reduce((sum, count) => sum + count, 0);
  const terms = Object.entries({ planning: Math.max(left, fullest - run), ...running }).map(([name, count]) => ({
    name,
    bytes: Math.ceil(count),
  }));
  return { total: terms.reduce((sum, term) => sum + term.bytes, 0), terms };
};
