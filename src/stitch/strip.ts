/** Strips: runs of neighbouring seeds of a matrix that goes to a file, of which a few are held at a time. */

import type { FloatDtype } from '../ir/aval.ts';
import type { Placement, Tile } from '../pool/job.ts';
import type { ResultMemory } from './result-memory.ts';

/** The seeds first … limit−1. */
export interface Strip {
  readonly first: number;
  readonly limit: number;
}

/** The matrix as far as its strips must know it. `placement` is that of all its groups. */
export interface StripedMatrix {
  readonly placement: Placement;
  readonly rows: number;
  readonly columns: number;
  readonly dtype: FloatDtype;
}

/** The part of the matrix that a strip holds, row-major. */
export interface Part {
  readonly row0: number;
  readonly column0: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Of a symmetric matrix a strip holds its rows from its own diagonal square on: they are the columns below it, too. Else
 * it holds whole columns, or whole rows.
 */
export const partOf = ({ placement, rows, columns }: StripedMatrix, { first, limit }: Strip): Part => {
  const count = limit - first;
  switch (placement) {
    case 'symmetric':
      return { row0: first, column0: first, rows: count, columns: columns - first };
    case 'column':
      return { row0: 0, column0: first, rows, columns: count };
    case 'row':
      return { row0: first, column0: 0, rows: count, columns };
  }
};

/** How many tiles each strip has. */
export const tilesByStrip = (strips: readonly Strip[], tiles: readonly Tile[]): number[] => {
  const counts = strips.map(() => 0);
  for (const { strip } of tiles) if (strip !== undefined) counts[strip]++;
  return counts;
};

/** Strips on their way to a file; strip k is held in `memories[k % 2]`, which is zeroed before it. */
export interface Strips {
  readonly matrix: StripedMatrix;
  readonly strips: readonly Strip[];
  readonly memories: readonly [ResultMemory, ResultMemory];
}
