/** Types of the made-up engine. */

import type { LoadArtifact } from '../../src/pool/engines.ts';
import type { Job, Placement } from '../../src/pool/job.ts';
import type { Sink } from '../../src/pool/run.ts';

/** What a tile program does at the tile that starts `at`, or at any if that is negative, the first `times` times. */
export interface Act {
  at: number;
  how: 'exit' | 'throw' | 'heap' | 'error';
  times: number;
  counter: SharedArrayBuffer;
}

export interface Watched {
  /** Milliseconds that a run blocks its thread. */
  delay?: number;
  /** Milliseconds that loading blocks it. */
  loadDelay?: number;
  loads?: SharedArrayBuffer;
  runs?: SharedArrayBuffer;
  disposals?: SharedArrayBuffer;
}

export interface JobSpec extends Watched {
  n?: number;
  width?: number;
  groups?: number;
  placement?: Placement;
  dtype?: 'float32' | 'float64';
  point?: Watched;
  act?: Act;
  /** Int32 per seed: the thread that computed the tile which starts there. */
  log?: SharedArrayBuffer;
  /** Entries (seed, other) that come out as NaN. */
  spoil?: [number, number][];
}

export function stubLoad(error: unknown): LoadArtifact;
export function entry(x: ArrayLike<number>, i: number, k: number): number;
export function makeJob(spec?: JobSpec): Job;
export function expected(job: Job): Float32Array | Float64Array;
export function matrixFor(job: Job): { data: Float32Array | Float64Array; sink: Sink };
export function counter(): SharedArrayBuffer;
export function counted(buffer: SharedArrayBuffer): number;
