/** How wide a tile is: what the cache holds, within the block that the caller allows. */

import { bytesPerElement, type FloatDtype } from '../ir/aval.ts';

/** A tile's widest value should fit a core's own cache beside its operands. */
const CACHE_BYTES = 1 << 20;
/** A group of many columns is cut into at least so many tiles, for workers to share. */
const FEWEST_TILES = 4;
/** But into two, or one, where a tile's widest value has fewer elements than this: there, what counts is the number of nodes that run. */
const LIGHT_ELEMENTS = 1 << 15;
/** A tile's widest value stays below this, whatever that makes of its width. */
const MOST_BYTES = 1 << 28;
/** Narrower tiles are all overhead, wider ones gain nothing: see bench. */
const NARROWEST = 8;
const WIDEST = 512;

/**
 * The width of a group's tiles where they are all for one thread: `widest` elements per seed in its largest value,
 * `count` seeds, at most `block`. Tiles are made equally wide, so that the last one isn't mostly padding.
 */
export const soleWidth = (widest: number, dtype: FloatDtype, count: number, block: number): number => {
  const bytes = widest * bytesPerElement(dtype);
  const byCache = Math.floor(CACHE_BYTES / bytes);
  const bearable = Math.max(1, Math.floor(MOST_BYTES / bytes));
  return evenWidth(Math.min(Math.max(byCache, NARROWEST), bearable, WIDEST, block, count), count);
};

/** The same where workers share the tiles. */
export const tileWidthOf = (widest: number, dtype: FloatDtype, count: number, block: number): number =>
  soleWidth(widest, dtype, count, Math.min(block, sharedWidth(count, widest)));

/** The widest that tiles of `count` seeds may be, so that there are some for every worker; `widest` as above. */
export const sharedWidth = (count: number, widest: number): number => {
  const isLight = (width: number): boolean => widest * width < LIGHT_ELEMENTS;
  if (isLight(count)) return count;
  const quarter = Math.max(NARROWEST, Math.ceil(count / FEWEST_TILES));
  return isLight(quarter) ? Math.ceil(count / 2) : quarter;
};

/** The width at which `count` seeds fall into as many tiles as at `wish`, all but the last equally full. */
export const evenWidth = (wish: number, count: number): number => Math.ceil(count / Math.ceil(count / wish));
