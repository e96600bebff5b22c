/** Tile programs for a group of seeds, each with its price; the cheapest is what the plan takes. */

import { bytesOf, bytesPerElement } from '../ir/aval.ts';
import type { Program } from '../ir/program.ts';
import { remembered } from '../ir/remembered.ts';
import { CACHED_BYTES, flopsOf, livePeakBytes, movedBytesOf, nodesOf, stitchNanoseconds, widestValue } from './cost.ts';
import { type Allowed, cheaperEngine, roughNanoseconds } from './engines.ts';
import { MOST_LIVE_BYTES } from './placing.ts';
import type { Prices, Way } from './prices.ts';
import type { SetRequest } from './request.ts';
import type { Strand } from './strand.ts';
import { contractedTileProgram, type TileProgram, type TileRequest, tileProgram } from './tile-program.ts';
import { evenWidth, sharedWidth, soleWidth, tileWidthOf } from './width.ts';

interface Candidate extends Way {
  readonly tile: TileProgram;
}

/** Contracted tiles hold little per column: they may be this many times wider than what the plain program bears. */
const WIDER = [16, 4, 1];

const CONTRACTED: ReadonlySet<string> = new Set(['dot', 'reduce_sum']);

/** In a program of so few equations, unit vectors may stay what they are to the end. */
const SHORT = 64;

/** Making a program of more equations than this takes as long as some runs of it. */
const LONG = 400;

/** Longer ones are never contracted: the orders of so many products take as long to weigh as a large matrix takes to run. */
const ENDLESS = 4000;

/** ONNX Runtime's time for loading grows with the square of the equations from here on. */
const UNLOADABLE = 10_000;

/** Nanoseconds that contracting and pricing take per equation, here; it is worth that if it takes off a tenth of ten evaluations. */
const CONTRACTING = 2e5;

/** Where contracting makes a tile so many times dearer, in narrower tiles it does so too. */
const HOPELESS = 1.3;

/** Elements that the products of all groups may hold, and a tile's values; or so many times what they hold uncontracted. */
const PRODUCT_ELEMENTS = 2 ** 25;
const TILE_ELEMENTS = 2 ** 23;
const HEAVIER = 4;

const productBytes = ({ point }: TileProgram): number =>
  point?.outputs.reduce((sum, a) => sum + bytesOf(a.aval), 0) ?? 0;

/** Bytes that a strand's tile may hold. */
interface Bearable {
  readonly products: number;
  readonly tile: number;
}

const UNBOUNDED: Bearable = { products: Number.POSITIVE_INFINITY, tile: Number.POSITIVE_INFINITY };

const countOf = ({ range: { first, limit } }: Strand): number => limit - first;

const tileRequest = ({ program, levers }: SetRequest, strand: Strand, width: number): TileRequest => ({
  knownCount: strand.point ? strand.point.outputs.length : program.inputs.length,
  width,
  shift: strand.shift,
  offsets: strand.offsets,
  structured: levers.structuredSeeds,
  bands: levers.bands,
});

/** Nanoseconds that a program takes. */
type Measure = (program: Program, allowed: Allowed) => number;

const exactly: Measure = (program, allowed) => cheaperEngine(program, allowed).nanoseconds;

const allowedBy = ({ device, levers: { native } }: SetRequest): Allowed => ({ device, native });

/** Nanoseconds for a tile, from its seeds to its place in the matrix. */
const priceOf = (
  request: SetRequest,
  { placement }: Strand,
  { program, outputs }: TileProgram,
  width: number,
  measure = exactly,
): number => measure(program, allowedBy(request)) + stitchNanoseconds(outputs, width, placement);

/** Nanoseconds of a group's tiles below which there is nothing to share: a thread would hear of it too late. */
const UNSHARED = 3e6;

/** Elements per seed of the largest value. */
const widestOf = (request: SetRequest, strand: Strand): number =>
  widestValue(strand.rest, tileRequest(request, strand, 1).knownCount);

/** Of each strand, the tiles that were made: a search for a plan under a memory limit comes back to them. */
const madeTiles = remembered((_: Strand) => new Map<string, Candidate>());

const madeOnce = (strand: Strand, key: string, make: () => Candidate): Candidate => {
  const known = madeTiles(strand);
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
};

const batchedTile = (
  request: SetRequest,
  strand: Strand,
  width: number,
  shaping: 'leading' | 'trailing',
  measure = exactly,
): Candidate => {
  const make = (): Candidate => {
    const tile = tileProgram(strand.rest, tileRequest(request, strand, width), shaping);
    return { tile, width, shaping, nanoseconds: priceOf(request, strand, tile, width, measure) / width, fits: true };
  };
  return measure === exactly ? madeOnce(strand, `${shaping} ${width}`, make) : make();
};

/** The same, narrower where its values would take more bytes than a tile may: down to a single seed. */
const bearableTile = (
  request: SetRequest,
  strand: Strand,
  width: number,
  shaping: 'leading' | 'trailing',
  measure = exactly,
): Candidate => {
  // What takes more runs on ONNX Runtime, which takes minutes to load so many equations.
  const most = strand.rest.equations.length > UNLOADABLE ? MOST_LIVE_BYTES : Number.POSITIVE_INFINITY;
  const tileBytes = Math.min(request.tileBytes, most);
  let way = batchedTile(request, strand, width, shaping, measure);
  for (;;) {
    const live = livePeakBytes(way.tile.program);
    if (live <= tileBytes || way.width === 1) return way;
    const narrower = Math.max(1, Math.min(way.width - 1, Math.floor((way.width * tileBytes) / live)));
    way = batchedTile(request, strand, evenWidth(narrower, countOf(strand)), shaping, measure);
  }
};

/** Where the batch axis may stand; in a long program without a product or a sum, nothing speaks for the front. */
const axesWorthTrying = ({ rest: { equations } }: Strand): readonly ('leading' | 'trailing')[] =>
  equations.length > LONG && !equations.some((e) => CONTRACTED.has(e.primitive))
    ? ['trailing']
    : ['leading', 'trailing'];

/** The strand's program batched equation by equation, with the batch axis wherever it costs less. */
const batchedTiles = (request: SetRequest, strand: Strand, block: number, measure = exactly): Candidate[] => {
  const { levers, precision } = request;
  const count = countOf(strand);
  const places = levers.batchAxis === 'by price' ? axesWorthTrying(strand) : [levers.batchAxis];
  const tilesAt = (width: number): Candidate[] =>
    places.map((shaping) => bearableTile(request, strand, width, shaping, measure));
  if (!levers.fittingWidth) return tilesAt(evenWidth(Math.min(block, count), count));
  const widest = widestOf(request, strand);
  const shared = tilesAt(tileWidthOf(widest, precision, count, block));
  const [{ width }] = shared;
  const alone = soleWidth(widest, precision, count, block);
  // Too little work to share is done in one go.
  return width < alone && cheapestOf(shared).nanoseconds * count < UNSHARED ? tilesAt(alone) : shared;
};

/** Bytes of the smallest products that came of contracting a strand: they depend on a tile's width little. */
const leastProducts = new WeakMap<Strand, number>();

/** The strand's program contracted, in tiles of a width, whose products may hold so many bytes. */
const contractedTile = (request: SetRequest, strand: Strand, width: number, bearable: Bearable): Candidate => {
  const made = madeOnce(strand, `contracted ${width}`, () => {
    const count = countOf(strand);
    const tiles = request.levers.pointProducts ? Math.ceil(count / width) : null;
    const tile = contractedTileProgram(strand.rest, tileRequest(request, strand, width), tiles);
    const pointShare = tile.point ? roughNanoseconds(tile.point, allowedBy(request)) / count : 0;
    const nanoseconds = priceOf(request, strand, tile, width) / width + pointShare;
    return { tile, width, shaping: 'contracted', nanoseconds, fits: true };
  });
  const { tile } = made;
  leastProducts.set(strand, Math.min(productBytes(tile), leastProducts.get(strand) ?? Number.POSITIVE_INFINITY));
  return { ...made, fits: productBytes(tile) <= bearable.products && livePeakBytes(tile.program) <= bearable.tile };
};

/** Widths for contracted tiles, widest first: down to what the plain program bears. */
const contractedWidths = (request: SetRequest, strand: Strand, block: number, plain: number): number[] => {
  if (!request.levers.fittingWidth) return [plain];
  const count = countOf(strand);
  const shared = sharedWidth(count, widestOf(request, strand));
  const widths = WIDER.map((times) => evenWidth(Math.min(times * plain, shared, block, count), count));
  return widths.filter((width, i) => width !== widths[i - 1]);
};

/** Every candidate that was priced, the one to take first. `strands`: how many groups share the memory for products. */
const candidatesOf = (request: SetRequest, strand: Strand, block: number, strands: number): Candidate[] => {
  const { contraction } = request.levers;
  const plain = batchedTiles(request, strand, block);
  const cheapest = cheapestOf(plain);
  const others = plain.filter((way) => way !== cheapest);
  // Without a sum of products there is nothing to contract, and unit vectors soon spread; a long program that runs in no time gains nothing either.
  const { equations } = strand.rest;
  const { nanoseconds: perTile } = cheaperEngine(cheapest.tile.program, allowedBy(request));
  const spent = (perTile / cheapest.width) * countOf(strand);
  const worthwhile = spent > CONTRACTING * equations.length;
  const promising = equations.length <= SHORT || equations.some((e) => CONTRACTED.has(e.primitive));
  const pays = contraction === 'always' || (worthwhile && promising && equations.length <= ENDLESS);
  if (request.recomputed > 0 || contraction === 'never' || !pays) return [cheapest, ...others];
  let best = contraction === 'always' ? undefined : cheapest;
  const plainBytes = HEAVIER * livePeakBytes(cheapest.tile.program);
  const size = bytesPerElement(request.precision);
  const bearable =
    contraction === 'always'
      ? UNBOUNDED
      : {
          products: Math.min(Math.max((PRODUCT_ELEMENTS * size) / strands, plainBytes), request.tileBytes / strands),
          tile: Math.min(Math.max(TILE_ELEMENTS * size, plainBytes), request.tileBytes),
        };
  const tried: Candidate[] = [...plain];
  for (const width of contractedWidths(request, strand, block, cheapest.width)) {
    if ((leastProducts.get(strand) ?? 0) > bearable.products) break;
    const way = contractedTile(request, strand, width, bearable);
    tried.push(way);
    if (!way.fits) continue;
    if (!best || way.nanoseconds < best.nanoseconds) best = way;
    // A narrower tile has the same steps for fewer columns; it gains only where this one's values overflow the caches, and not much.
    if (livePeakBytes(way.tile.program) <= CACHED_BYTES || way.nanoseconds > HOPELESS * cheapest.nanoseconds) break;
  }
  const taken = best as Candidate;
  return [taken, ...tried.filter((way) => way !== taken)];
};

const cheapestOf = (ways: readonly Candidate[]): Candidate =>
  ways.reduce((a, b) => (b.nanoseconds < a.nanoseconds ? b : a));

const wayOf = ({ tile: _, ...way }: Candidate): Way => way;

/** The strand's program made in a way that was chosen before. */
const sameWay = (request: SetRequest, strand: Strand, { shaping, width }: Way): Candidate => {
  const even = evenWidth(Math.min(width, countOf(strand)), countOf(strand));
  if (shaping !== 'contracted') return batchedTile(request, strand, even, shaping);
  return contractedTile(request, strand, even, UNBOUNDED);
};

/**
 * The tile program that costs least per seed, and what it was weighed against. `like`: the way of an earlier part of the
 * same leaf, which has the same program but for more rows: what was best there is best here.
 */
export const cheapestTile = (
  request: SetRequest,
  strand: Strand,
  block: number,
  strands: number,
  like: Way | undefined,
): { readonly tile: TileProgram; readonly width: number; readonly prices: Prices } => {
  const [taken, ...others] = like ? [sameWay(request, strand, like)] : candidatesOf(request, strand, block, strands);
  const { program } = taken.tile;
  return {
    tile: taken.tile,
    width: taken.width,
    prices: {
      ...wayOf(taken),
      flops: flopsOf(program),
      bytes: movedBytesOf(program),
      nodes: nodesOf(program),
      against: others.map(wayOf),
    },
  };
};

/** Nanoseconds for all seeds of a strand, batched equation by equation, and its point program once: about. */
export const batchedPrice = (request: SetRequest, strand: Strand, block: number): number => {
  const { tile, width } = cheapestOf(batchedTiles(request, strand, block, roughNanoseconds));
  const tiles = Math.ceil(countOf(strand) / width);
  const perTile = priceOf(request, strand, tile, width, roughNanoseconds);
  return tiles * perTile + (strand.point ? roughNanoseconds(strand.point, allowedBy(request)) : 0);
};
