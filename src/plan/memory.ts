/** The memory model: what a call adds to the process at its fullest moment, term by term, before anything runs. */

import { bytesPerElement, type FloatDtype } from '../ir/aval.ts';
import type { Placement, Tile } from '../pool/job.ts';

/** What is asked of a plan. */
interface Measured {
  readonly groups: readonly { readonly width: number; readonly placement: Placement }[];
  readonly tiles: readonly Tile[];
  readonly rows: number;
  readonly columns: number;
  readonly dtype: FloatDtype;
  readonly facts: { readonly workerBytes: number; readonly sharedBytes: number };
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

/** Of the whole matrix. */
export const matrixBytes = ({ rows, columns, dtype }: Measured): number => rows * columns * bytesPerElement(dtype);

/** Of blocks given out one by one: as many as there are workers, and the one that the caller has. */
export const blocksBytes = (planned: Measured, workers: number): number => {
  const { groups, rows, columns, dtype } = planned;
  const most = Math.max(0, ...groups.map(({ width, placement }) => width * (placement === 'row' ? columns : rows)));
  return Math.min(planned.tiles.length, Math.max(workers, 1) + 1) * most * bytesPerElement(dtype);
};

/** Cheap enough to be asked for many plans, each for several numbers of workers. */
export const estimate = ({ facts }: Measured, { workers, held }: Circumstances): MemoryEstimate => {
  const terms = [
    { name: 'inputs', bytes: facts.sharedBytes },
    { name: 'workers', bytes: Math.max(workers, 1) * facts.workerBytes },
    { name: 'result', bytes: held },
  ];
  return { total: terms.reduce((sum, { bytes }) => sum + bytes, 0), terms };
};
