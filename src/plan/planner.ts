/** Makes the plan: which derivative programs, in which groups of seeds, cut into which tiles. */

import { bytesOf, type FloatDtype, sizeOf } from '../ir/aval.ts';
import type { Atom, Program } from '../ir/program.ts';
import type { Placement, Source } from '../pool/job.ts';
import { newOps } from '../primitives/table.ts';
import { grad } from '../transforms/grad.ts';
import { forwardOf, type Pushforward, reverseOf } from '../transforms/pushforward.ts';
import { replay, withOutputs } from '../transforms/replay.ts';
import { firstOutputFrom } from '../transforms/trim.ts';
import { blockSizeOf, tilesOf } from './blocks.ts';
import { flopsOf, livePeakBytes, nanosecondsOf, widestValue } from './cost.ts';
import { groupLeaves, type LeafRange, partsOf } from './groups.ts';
import type { PlanMode, Planned, PlannedGroup } from './plan.ts';
import { contractedTileProgram, type TileProgram, tileProgram } from './tile-program.ts';
import { evenWidth, sharedWidth, tileWidthOf } from './width.ts';

/** What the planner is asked for. */
export interface PlanRequest {
  /** The recorded function; its first `leaves` inputs are those of x. */
  readonly program: Program;
  readonly leaves: number;
  readonly precision: FloatDtype;
  readonly nbatches: number | 'auto';
  readonly checkpoint: boolean;
  /** Whether groups are contracted; `'by price'` by default, the rest is for tests that compare. */
  readonly contraction?: 'by price' | 'never' | 'always';
  /** Whether wide leaves are cut into groups; `'never'` is for tests that compare. */
  readonly splitting?: 'by size' | 'never';
}

/** One group of seeds with the derivative program restricted to it. */
interface Strand extends Pushforward {
  readonly range: LeafRange;
  /** Elements of its first leaf before `range.first`. */
  readonly shift: number;
  /** Where each output of `rest` lies on the other side of the matrix. */
  readonly offsets: readonly number[];
}

const offsetsOf = (sizes: readonly number[]): number[] => {
  let offset = 0;
  return sizes.map((size) => {
    offset += size;
    return offset - size;
  });
};

const sizesOf = (atoms: readonly Atom[]): number[] => atoms.map((a) => sizeOf(a.aval.shape));
const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

/**
 * The Hessian of a scalar program: linearize(grad(f)) once per column group, with only that group's tangents
 * active, and only the rows that mirroring doesn't give (`symmetric`).
 */
export const planHessian = (request: PlanRequest, symmetric: boolean): Planned => {
  const { program, leaves, checkpoint } = request;
  const isLeaf = program.inputs.map((_, i) => i < leaves);
  const gradient = grad(program, isLeaf, checkpoint);
  const sizes = sizesOf(program.inputs.slice(0, leaves));
  const offsets = offsetsOf(sizes);
  const strands = groupLeaves(sizes).flatMap((group) => {
    const firstRow = symmetric ? group.firstLeaf : 0;
    // Output 0 of the gradient program is the value.
    const restricted = withOutputs(gradient, firstRow + 1, leaves + 1);
    const active = program.inputs.map((_, i) => i >= group.firstLeaf && i < group.limitLeaf);
    const { shape } = program.inputs[group.firstLeaf].aval;
    const splits = symmetric && !checkpoint && request.splitting !== 'never';
    return partsOf(group, shape, splits ? restricted.equations.length : Number.POSITIVE_INFINITY).map(
      (part): Strand => {
        const shift = part.first - group.first;
        const start = (shift * shape[0]) / (group.limit - group.first);
        const trimmed = shift === 0 ? restricted : firstOutputFrom(restricted, start);
        const places = offsets.slice(firstRow).map((offset, k) => (k === 0 ? offset + shift : offset));
        return { ...forwardOf(trimmed, active, checkpoint), range: part, shift, offsets: places };
      },
    );
  });
  const n = total(sizes);
  return assemble(request, strands, 'forward-over-reverse', symmetric ? 'symmetric' : 'column', n, n);
};

/** The Jacobian by columns (JVPs) or by rows (VJPs). */
export const planJacobian = (request: PlanRequest, mode: 'forward' | 'reverse'): Planned => {
  const { program, leaves, checkpoint } = request;
  const inputSizes = sizesOf(program.inputs.slice(0, leaves));
  const outputSizes = sizesOf(program.outputs);
  const [seeded, other] = mode === 'forward' ? [inputSizes, outputSizes] : [outputSizes, inputSizes];
  const strands = groupLeaves(seeded).map((group): Strand => {
    const inGroup = (i: number): boolean => i >= group.firstLeaf && i < group.limitLeaf;
    const derivative =
      mode === 'forward'
        ? forwardOf(
            program,
            program.inputs.map((_, i) => inGroup(i)),
            checkpoint,
          )
        : reverseOf(
            withOutputs(program, group.firstLeaf, group.limitLeaf),
            program.inputs.map((_, i) => i < leaves),
            checkpoint,
          );
    return { ...derivative, range: group, shift: 0, offsets: offsetsOf(other) };
  });
  const placement = mode === 'forward' ? 'column' : 'row';
  return assemble(request, strands, mode, placement, total(outputSizes), total(inputSizes));
};

/** Columns or rows, whichever costs fewer floating-point operations by the programs' own count. */
export const chooseMode = (request: PlanRequest): 'forward' | 'reverse' => {
  const { program, leaves } = request;
  const active = program.inputs.map((_, i) => i < leaves);
  const n = total(sizesOf(program.inputs.slice(0, leaves)));
  const m = total(sizesOf(program.outputs));
  const forward = n * (flopsOf(forwardOf(program, active, false).rest) + m);
  const reverse = m * (flopsOf(reverseOf(program, active, false).rest) + n);
  return forward <= reverse ? 'forward' : 'reverse';
};

const assemble = (
  request: PlanRequest,
  strands: readonly Strand[],
  mode: PlanMode,
  placement: Placement,
  rows: number,
  columns: number,
): Planned => {
  const { program, precision, checkpoint } = request;
  const seeds = placement === 'row' ? rows : columns;
  const block = request.nbatches === 'auto' ? seeds : blockSizeOf(seeds, request.nbatches);
  const chosen = strands.map((strand) => ({
    ...strand,
    ...cheapestTile(request, strand, block, PRODUCT_BYTES / strands.length),
  }));
  const { point, sources } = joinPoints(program, chosen);
  const groups = chosen.map(({ range: { first, limit }, tile, width }, k): PlannedGroup => {
    const { program: tileCode, outputs } = tile;
    return { program: tileCode, outputs, sources: sources[k], first, limit, width, placement };
  });
  const tiles = groups.flatMap((group, k) => tilesOf(k, group.first, group.limit, group.width));
  // A matrix without rows or columns has no groups.
  const tileWidth = Math.max(1, ...groups.map((group) => group.width));
  const blockSize = request.nbatches === 'auto' ? tileWidth : block;
  const tileFlops = groups.map((group) => flopsOf(group.program));
  const residualBytes = point ? total(point.outputs.map((a) => bytesOf(a.aval))) : 0;
  const livePeak = Math.max(point ? livePeakBytes(point) : 0, ...groups.map((group) => livePeakBytes(group.program)));
  return {
    point,
    groups,
    tiles,
    rows,
    columns,
    dtype: precision,
    facts: {
      n: total(sizesOf(program.inputs.slice(0, request.leaves))),
      nbatches: request.nbatches === 'auto' ? Math.ceil(seeds / blockSize) : request.nbatches,
      blockSize,
      tileWidth,
      mode,
      precision,
      checkpoint,
      flops: (point ? flopsOf(point) : 0) + tiles.reduce((sum, tile) => sum + tileFlops[tile.group], 0),
      workerBytes: residualBytes + livePeak,
      sharedBytes: total(program.inputs.map((v) => bytesOf(v.aval))),
      recomputed: Math.max(0, ...groups.map((g) => g.program.equations.filter((e) => e.region !== undefined).length)),
    },
  };
};

/** Contracted tiles hold little per column: they may be this many times wider than what the plain program bears. */
const WIDER = [1, 4, 16];

const CONTRACTED: ReadonlySet<string> = new Set(['dot', 'reduce_sum']);

/** Nanoseconds that contracting takes per equation, here; and how many evaluations a plan is thought to serve. */
const CONTRACTING = 1e5;
const EVALUATIONS = 10;

/** Bytes that the products of all groups may hold, or each group this many times what it holds uncontracted. */
const PRODUCT_BYTES = 128 * 2 ** 20;
const HEAVIER = 4;

interface Candidate {
  readonly tile: TileProgram;
  readonly width: number;
  /** Nanoseconds per column. */
  readonly price: number;
}

/** Bytes that a tile program needs while it runs, and what it has made at the point. */
const bytesOfTile = ({ point, program }: TileProgram): number =>
  livePeakBytes(program) + total(point?.outputs.map((a) => bytesOf(a.aval)) ?? []);

/** The tile program of a group that costs least per column: batched equation by equation, or contracted. */
const cheapestTile = (
  {
    program: {
      inputs: { length: inputCount },
    },
    precision,
    checkpoint,
    contraction,
  }: PlanRequest,
  { rest, point, range: { first, limit }, shift, offsets }: Strand,
  block: number,
  budget: number,
): Candidate => {
  const count = limit - first;
  const knownCount = point ? point.outputs.length : inputCount;
  const widest = widestValue(rest, knownCount);
  const width = tileWidthOf(widest, precision, count, block);
  const plain = (['leading', 'trailing'] as const).map((batchAxis): Candidate => {
    const tile = tileProgram(rest, { knownCount, width, shift, offsets }, batchAxis);
    return { tile, width, price: nanosecondsOf(tile.program) / width };
  });
  const cheapest = plain.reduce((a, b) => (b.price < a.price ? b : a));
  // Without a sum of products there is nothing to contract; a long program that runs in no time gains nothing either.
  const worthwhile = cheapest.price * count * EVALUATIONS > CONTRACTING * rest.equations.length;
  const pays = contraction === 'always' || (worthwhile && rest.equations.some((e) => CONTRACTED.has(e.primitive)));
  if (checkpoint || contraction === 'never' || !pays) return cheapest;
  let best = contraction === 'always' ? { ...cheapest, price: Number.POSITIVE_INFINITY } : cheapest;
  const bearable = Math.max(budget, HEAVIER * bytesOfTile(cheapest.tile));
  for (const times of WIDER) {
    const wider = evenWidth(Math.min(times * width, sharedWidth(count), block, count), count);
    // Capped at the width that was tried before.
    if (times > 1 && wider === best.width) break;
    const tile = contractedTileProgram(rest, { knownCount, width: wider, shift, offsets }, Math.ceil(count / wider));
    const pointShare = tile.point ? nanosecondsOf(tile.point) / count : 0;
    const price = nanosecondsOf(tile.program) / wider + pointShare;
    if (price >= best.price || (contraction !== 'always' && bytesOfTile(tile) > bearable)) break;
    best = { tile, width: wider, price };
  }
  return best;
};

/**
 * One point program for all groups, so that what several need is computed once, and for each group where its
 * known inputs come from. A residual that is an input of the program is taken from there.
 */
const joinPoints = (
  program: Program,
  strands: readonly (Strand & { readonly tile: TileProgram })[],
): { point: Program | null; sources: Source[][] } => {
  const ops = newOps();
  const inputs = program.inputs.map((v) => ops.input(v.aval, v.scope));
  const places = new Map<Atom, number>(inputs.map((v, i) => [v, i]));
  const outputs = new Map<Atom, number>();
  const sourceOf = (atom: Atom): Source => {
    const input = places.get(atom);
    if (input !== undefined) return { from: 'input', index: input };
    let index = outputs.get(atom);
    if (index === undefined) {
      index = outputs.size;
      outputs.set(atom, index);
    }
    return { from: 'residual', index };
  };
  const sources = strands.map(({ point, tile }) => {
    const known = point ? replay(ops, point, inputs) : inputs;
    return (tile.point ? replay(ops, tile.point, known) : known).map(sourceOf);
  });
  return { point: outputs.size === 0 ? null : ops.build([...outputs.keys()]), sources };
};
