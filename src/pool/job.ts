/** The job: one evaluation of a plan as plain data, the whole of what a worker is told. */

import type { Artifact } from '../compile/executable.ts';
import type { FloatDtype, Value } from '../ir/aval.ts';

/** Where an input of a tile program comes from: the job's inputs (and then what is fixed), or the outputs of the point program. */
export type Source = { readonly from: 'input' | 'residual'; readonly index: number };

/** One output of a tile program: `size` entries per seed, that start at `offset` along the other side of the matrix. */
export interface TileOutput {
  readonly offset: number;
  readonly size: number;
  /** Where the batch axis is: `[width, size]` (leading) or `[size, width]` (trailing). */
  readonly batch: 'leading' | 'trailing';
  /**
   * Whether each seed's entries start at a place of their own, so many entries after `offset`: the program's next output,
   * int32[width], says where; a seed whose place is negative has none. What no output covers is zero.
   */
  readonly placed?: boolean;
}

/**
 * What a seed's index i stands for in the matrix M: `row`: its values are M[i, offset…]; `column`: M[offset…, i];
 * `symmetric`: both, where the value at the other index k is kept only for k ≥ i (each pair is written once,
 * to both of its places).
 */
export type Placement = 'row' | 'column' | 'symmetric';

/** Tiles of one program: the seeds first … limit−1, cut into runs of at most `width`. */
export interface Group {
  /** Index into `Job.artifacts` of the tile program: inputs are `sources`, then the seed indices int32[width]. */
  readonly artifact: number;
  readonly sources: readonly Source[];
  /** The seeds of this group in the matrix. The program's seed index counts from `first`; padding is −1. */
  readonly first: number;
  readonly limit: number;
  readonly width: number;
  readonly placement: Placement;
  readonly outputs: readonly TileOutput[];
}

/** A run of seeds: `start` and `count` ≤ width in the matrix. */
export interface Tile {
  readonly group: number;
  readonly start: number;
  readonly count: number;
  /** Of a matrix that goes to a file: the strip that it belongs to. */
  readonly strip?: number;
}

/** Inputs that stay the same from evaluation to evaluation: threads keep those of the last job, and ask for others. */
export interface Fixed {
  /** Equal in this process exactly for the same values. */
  readonly key: number;
  readonly values: readonly Value[];
}

/** The threads of a mixed pool that a job is for. */
export interface Share {
  readonly device: string;
  /** At most so many of them. */
  readonly workers: number;
}

export interface Job {
  /**
   * Of a run on several devices, each of which has a job of its own: programs, groups and widths differ, and tiles have the
   * same seeds in all of them. They are narrow: what a worker executes is a run of neighbours, as many as its own width holds.
   */
  readonly share?: Share;
  readonly artifacts: readonly Artifact[];
  /** Index into `artifacts` of the point program, whose inputs are `inputs`, then `fixed`; its outputs are the residuals. */
  readonly point: number | null;
  readonly inputs: readonly Value[];
  readonly fixed: Fixed;
  readonly groups: readonly Group[];
  readonly tiles: readonly Tile[];
  readonly dtype: FloatDtype;
  /** The matrix's shape. */
  readonly rows: number;
  readonly columns: number;
  /** Bytes that a thread's executables may hold together, if more than one does. */
  readonly engineBytes?: number | undefined;
  /** Intra-op threads of each engine session. */
  readonly threads: number;
}
