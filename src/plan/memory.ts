/**
 * The memory model: what a call adds to the process at its fullest moment, term by term, before anything runs. What each
 * term counts and how its constants were measured is told in docs/memory.md.
 */

import { fuse } from '../fusion/fuse.ts';
import { layoutOf } from '../fusion/layout.ts';
import { type Aval, bytesOf, bytesPerElement, type FloatDtype } from '../ir/aval.ts';
import type { Program } from '../ir/program.ts';
import { remembered } from '../ir/remembered.ts';
import type { Placement, Source, Tile, TileOutput } from '../pool/job.ts';
import { scratchPeakBytes } from './cost.ts';
import type { CompiledEngine } from './engines.ts';

/** What is asked of a group of a plan. */
interface MeasuredGroup {
  readonly program: Program;
  readonly engine: CompiledEngine;
  readonly sources: readonly Source[];
  readonly first: number;
  readonly limit: number;
  readonly width: number;
  readonly placement: Placement;
  readonly outputs: readonly TileOutput[];
}

/** What is asked of a plan. */
interface Measured {
  readonly point: Program | null;
  readonly pointEngine: CompiledEngine;
  readonly groups: readonly MeasuredGroup[];
  readonly tiles: readonly Tile[];
  readonly rows: number;
  readonly columns: number;
  readonly dtype: FloatDtype;
  readonly facts: { readonly sharedBytes: number };
}

/** How a plan is run. */
export interface Circumstances {
  /** Worker threads; 0: in-process. */
  readonly workers: number;
  /** Bytes of the result that are there at once, as `matrixBytes` or `blocksBytes` say. */
  readonly held: number;
}

export interface MemoryTerm {
  readonly name: string;
  readonly bytes: number;
}

export interface MemoryEstimate {
  readonly total: number;
  readonly terms: readonly MemoryTerm[];
}

/** ONNX Runtime: bytes that a session holds per equation, and of its arena per byte that its values need at once. */
const PER_EQUATION = 6 * 2 ** 10;
const ARENA = 1.7;
/** Per equation, of garbage that planning and compiling leave in the calling thread; and what every call leaves. */
const PLANNING = 4 * 2 ** 10;
const CALL = 4 * 2 ** 20;
/** What a thread's own heap grows by. */
const THREAD = 2 * 2 ** 20;

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
    const widest = Math.max(...outputs.map((output) => output.size));
    written += (limit - first + widest) * PAGE + (limit - first) * size * outputs.reduce((sum, o) => sum + o.size, 0);
  }
  return Math.min(whole, written);
};

/** Of blocks given out one by one: as many as there are workers, and the one that the caller has. */
export const blocksBytes = (planned: Measured, workers: number): number => {
  const { groups, rows, columns, dtype } = planned;
  const most = Math.max(0, ...groups.map(({ width, placement }) => width * (placement === 'row' ? columns : rows)));
  return Math.min(planned.tiles.length, Math.max(workers, 1) + 1) * most * bytesPerElement(dtype);
};

const totalOf = (values: readonly { readonly aval: Aval }[]): number =>
  values.reduce((sum, { aval }) => sum + bytesOf(aval), 0);

/** Bytes in which a native program computes. */
const nativeScratch = remembered((program: Program) => layoutOf(fuse(program), program.inputs.length).scratchBytes);

/** What one thread holds for a program that it has loaded and run, but for its outputs. */
const sessionBytes = (program: Program): number =>
  PER_EQUATION * program.equations.length + ARENA * scratchPeakBytes(program);

/** Cheap enough to be asked for many plans, each for several numbers of workers. */
export const estimate = (planned: Measured, { workers, held }: Circumstances): MemoryEstimate => {
  const { point, pointEngine, groups, facts } = planned;
  const threads = Math.max(workers, 1);
  const residuals = point ? totalOf(point.outputs) : 0;
  let equations = point?.equations.length ?? 0;
  let engine = 0;
  let copies = 0;
  let scratch = 0;
  let outputs = 0;
  if (point) {
    if (pointEngine === 'onnx') engine += threads * sessionBytes(point);
    else {
      scratch = nativeScratch(point);
      copies += threads * totalOf(point.inputs);
    }
  }
  for (const { program, engine: compiled, sources, first, limit, width } of groups) {
    equations += program.equations.length;
    const made = totalOf(program.outputs);
    outputs = Math.max(outputs, made);
    const loads = (1 + Math.min(threads, Math.ceil((limit - first) / width))) / 2;
    if (compiled === 'onnx') engine += loads * sessionBytes(program);
    else {
      scratch = Math.max(scratch, nativeScratch(program));
      const copied = program.inputs.filter((_, k) => pointEngine === 'onnx' || sources[k]?.from !== 'residual');
      copies += loads * (totalOf(copied) + made);
    }
  }
  const terms = [
    { name: 'planning', bytes: CALL + PLANNING * equations },
    { name: 'inputs', bytes: (1 + Math.sign(workers) + workers) * facts.sharedBytes + copies },
    { name: 'residuals', bytes: threads * residuals },
    { name: 'engine', bytes: engine },
    { name: 'tiles', bytes: threads * (scratch + outputs) },
    { name: 'threads', bytes: workers * THREAD },
    { name: 'result', bytes: held },
  ].map(({ name, bytes }) => ({ name, bytes: Math.ceil(bytes) }));
  return { total: terms.reduce((sum, { bytes }) => sum + bytes, 0), terms };
};
