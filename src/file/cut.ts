/** Cuts a matrix that goes to a file into strips, and its tiles where strips end. */

import { bytesPerElement } from '../ir/aval.ts';
import type { Group, Tile } from '../pool/job.ts';
import { partOf, type Strip, type StripedMatrix } from '../stitch/strip.ts';

type Seeds = Pick<Group, 'first' | 'limit' | 'width'>;

/** A matrix is held in at least about so many strips, so that there is always one to compute and one to write … */
const SHARES = 16;
/** … but for strips of fewer bytes than this. */
const SMALL = 1 << 16;

const groupAt = <G extends Seeds>(groups: readonly G[], seed: number): G =>
  groups.find(({ limit }) => limit > seed) as G;

/** The last place up to `wish` where a tile would end anyway; `wish` itself where none lies behind `first`. */
const tileEnd = (groups: readonly Seeds[], first: number, wish: number): number => {
  const group = groupAt(groups, wish - 1);
  if (wish === group.limit) return wish;
  const end = group.first + Math.floor((wish - group.first) / group.width) * group.width;
  return end > first ? end : wish;
};

/**
 * Strips of at most `most` bytes, or of one seed. Where the file is made of chunks, all but the last strip are a
 * `multiple` of seeds, and one multiple may be more than `most`.
 */
export const cutStrips = (
  matrix: StripedMatrix,
  groups: readonly Seeds[],
  most: number,
  multiple: number | undefined,
): Strip[] => {
  const seeds = groups.at(-1)?.limit ?? 0;
  const size = bytesPerElement(matrix.dtype);
  const enough = Math.max(SMALL, Math.floor((matrix.rows * matrix.columns * size) / SHARES));
  const strips: Strip[] = [];
  for (let first = 0; first < seeds; first = strips[strips.length - 1].limit) {
    const { rows, columns } = partOf(matrix, { first, limit: first + 1 });
    const line = Math.max(1, rows * columns * size);
    const tile = groupAt(groups, first).width;
    const width = Math.max(1, Math.min(Math.floor(most / line), Math.max(tile, Math.floor(enough / line))));
    const wish = Math.min(seeds, first + width);
    const limit =
      multiple === undefined
        ? tileEnd(groups, first, wish)
        : Math.min(seeds, first + Math.max(1, Math.floor(width / multiple)) * multiple);
    strips.push({ first, limit });
  }
  return strips;
};

/** The tiles of strips, strip by strip: a group's seeds in a strip in runs of at most the group's width. */
export const tilesOfStrips = (groups: readonly Seeds[], strips: readonly Strip[]): Tile[] =>
  strips.flatMap(({ first, limit }, strip) =>
    groups.flatMap((range, group) => {
      const tiles: Tile[] = [];
      const end = Math.min(limit, range.limit);
      for (let start = Math.max(first, range.first); start < end; start += range.width) {
        tiles.push({ group, start, count: Math.min(range.width, end - start), strip });
      }
      return tiles;
    }),
  );
