/** Makes the plan: which derivative programs, in which groups of seeds, cut into which tiles. */

import { DEVICES } from '../device-traits.ts';
import { bytesOf, sizeOf } from '../ir/aval.ts';
import type { Atom, Program } from '../ir/program.ts';
import { simplifying } from '../primitives/table.ts';
import { grad, inRegions } from '../transforms/grad.ts';
import { forwardOf, type Pushforward, reverseOf } from '../transforms/pushforward.ts';
import { withOutputs } from '../transforms/replay.ts';
import { firstOutputFrom } from '../transforms/trim.ts';
import { whileCold } from '../while-cold.ts';
import { blockSizeOf, tilesOf } from './blocks.ts';
import { batchedPrice, cheapestTile } from './candidates.ts';
import { flopsOf } from './cost.ts';
import { groupLeaves, type LeafRange, partsOf } from './groups.ts';
import { joinPoints, throughPoint, withoutPoint } from './join-points.ts';
import { ALL_ON } from './levers.ts';
import { placedOn, placingOf } from './placing.ts';
import type { PlanMode, Planned, PlannedGroup } from './plan.ts';
import { type PlanRequest, type SetRequest, withLevers } from './request.ts';
import type { Group, Strand } from './strand.ts';

const offsetsOf = (sizes: readonly number[]): number[] => {
  let offset = 0;
  return sizes.map((size) => {
    offset += size;
    return offset - size;
  });
};

const sizesOf = (atoms: readonly Atom[]): number[] => atoms.map((a) => sizeOf(a.aval.shape));
const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

/** What `plan` makes of a request with every lever set. */
const planned = (request: PlanRequest, plan: (request: SetRequest) => Planned): Planned => {
  const set = withLevers(request);
  return simplifying(set.levers, () => plan(set));
};

/**
 * The Hessian of a scalar program: linearize(grad(f)) once per column group, with only that group's tangents
 * active, and only the rows that mirroring doesn't give (`symmetric`).
 */
export const planHessian = (request: PlanRequest, symmetric: boolean): Planned =>
  planned(request, (set) => {
    const sizes = sizesOf(request.program.inputs.slice(0, request.leaves));
    const groups = groupsOnce(set, 'hessian', () => hessianGroups(set, sizes, symmetric));
    return assemble(set, groups, 'forward-over-reverse');
  });

/** The groups of a request, which others that are made for the same search take over. */
const groupsOnce = ({ recomputed, groupsMade }: SetRequest, kind: string, make: () => Group[]): readonly Group[] => {
  const key = `${kind} ${recomputed}`;
  const known = groupsMade?.get(key);
  if (known) return known;
  // A search goes from degree to degree, and comes back to none.
  groupsMade?.clear();
  const groups = make();
  groupsMade?.set(key, groups);
  return groups;
};

/** The same value each time, made when it is first asked for. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

const hessianGroups = (request: SetRequest, sizes: readonly number[], symmetric: boolean): Group[] => {
  const { program, leaves, recomputed, levers } = request;
  const isLeaf = program.inputs.map((_, i) => i < leaves);
  const gradient = whileCold(() => grad(program, isLeaf, recomputed, levers.merging));
  const offsets = offsetsOf(sizes);
  const trims = symmetric && levers.trimming;
  // Each part is planned anew, for fewer rows: without trimming there is nothing to gain.
  const splitting = trims && recomputed === 0 ? levers.splitting : 'never';
  return groupLeaves(sizes, gradient.equations.length, levers.groups).map((group): Group => {
    const firstRow = trims ? group.firstLeaf : 0;
    // Output 0 of the gradient program is the value.
    const restricted = withOutputs(gradient, firstRow + 1, leaves + 1);
    const active = program.inputs.map((_, i) => i >= group.firstLeaf && i < group.limitLeaf);
    const { shape } = program.inputs[group.firstLeaf].aval;
    const strandOf = (part: LeafRange): Strand => {
      const shift = part.first - group.first;
      const start = (shift * shape[0]) / (group.limit - group.first);
      const trimmed = shift === 0 ? restricted : firstOutputFrom(restricted, start);
      const places = offsets.slice(firstRow).map((offset, row) => (row === 0 ? offset + shift : offset));
      const placement = symmetric ? 'symmetric' : 'column';
      return {
        ...forwardOf(trimmed, active, recomputed, levers.merging),
        range: part,
        shift,
        offsets: places,
        placement,
      };
    };
    const parts = partsOf(group, shape, restricted.equations.length, splitting);
    return { range: group, strands: parts.map((part) => once(() => whileCold(() => strandOf(part)))) };
  });
};

type JacobianMode = 'forward' | 'reverse';

/** The Jacobian by columns (JVPs) or by rows (VJPs). */
export const planJacobian = (request: PlanRequest, mode: JacobianMode): Planned =>
  planned(request, (set) => {
    const groups = groupsOnce(set, mode, () =>
      jacobianStrands(set, mode).map((strand) => ({ range: strand.range, strands: [() => strand] })),
    );
    return assemble(set, groups, mode);
  });

const jacobianStrands = (request: SetRequest, mode: JacobianMode): Strand[] => {
  const { program, leaves, recomputed, levers } = request;
  const inputSizes = sizesOf(program.inputs.slice(0, leaves));
  const outputSizes = sizesOf(program.outputs);
  const [seeded, other] = mode === 'forward' ? [inputSizes, outputSizes] : [outputSizes, inputSizes];
  return groupLeaves(seeded, program.equations.length, levers.groups).map((group): Strand => {
    const inGroup = (i: number): boolean => i >= group.firstLeaf && i < group.limitLeaf;
    const derivative = whileCold(() =>
      mode === 'forward'
        ? columnsOf(
            program,
            program.inputs.map((_, i) => inGroup(i)),
            recomputed,
            levers.merging,
          )
        : reverseOf(
            withOutputs(program, group.firstLeaf, group.limitLeaf),
            program.inputs.map((_, i) => i < leaves),
            recomputed,
            levers.merging,
          ),
    );
    const placement = mode === 'forward' ? 'column' : 'row';
    return { ...derivative, range: group, shift: 0, offsets: offsetsOf(other), placement };
  });
};

/** Columns of a function: of its segments, a share is recomputed. */
const columnsOf = (program: Program, active: readonly boolean[], recomputed: number, merging: boolean): Pushforward => {
  const isPart = recomputed > 0 && recomputed < 1;
  return forwardOf(isPart ? inRegions(program, active, recomputed) : program, active, recomputed, merging);
};

/** Columns or rows, whichever has the lower price, uncontracted and with all seeds in one group. */
export const chooseMode = (request: PlanRequest): JacobianMode => {
  const whole = withLevers({ ...request, recomputed: 0, levers: { ...ALL_ON, groups: 'one' } });
  const priceOf = (mode: JacobianMode): number =>
    jacobianStrands(whole, mode).reduce((sum, strand) => {
      const { first, limit } = strand.range;
      return sum + batchedPrice(whole, strand, limit - first);
    }, 0);
  return priceOf('forward') <= priceOf('reverse') ? 'forward' : 'reverse';
};

/** Nanoseconds that an equation of another tile program takes until it runs; and how many evaluations a plan is thought to serve. */
const MAKING = 2e5;
const EVALUATIONS = 10;

type Choice = ReturnType<typeof cheapestTile>;
type Chosen = Strand & Choice;

/** Whether what parts save, each as much more than the one before as the second does, is worth making them. */
const splittingPays = (first: Chosen, second: Chosen, parts: number): boolean => {
  const columns = ((second.range.limit - second.range.first) * parts * (parts - 1)) / 2;
  const saved = (first.prices.nanoseconds - second.prices.nanoseconds) * columns;
  return EVALUATIONS * saved > MAKING * (parts - 1) * second.tile.program.equations.length;
};

/** A group's tile programs. A later part has the program of the one before but for fewer rows, and is made like it. */
const chooseTiles = (request: SetRequest, { range, strands }: Group, block: number, count: number): Chosen[] => {
  const chosen: Chosen[] = [];
  for (const make of strands) {
    request.tidy?.();
    const strand = make();
    const choose = (): Choice => cheapestTile(request, strand, block, count, chosen.at(-1)?.prices);
    const part = { ...strand, ...whileCold(choose) };
    const isSecond = chosen.length === 1 && request.levers.splitting === 'by size';
    if (isSecond && !splittingPays(chosen[0], part, strands.length)) return [{ ...chosen[0], range }];
    chosen.push(part);
  }
  return chosen;
};

const assemble = (request: SetRequest, groupsOfStrands: readonly Group[], mode: PlanMode): Planned => {
  const { program, precision, recomputed, leaves, levers } = request;
  const n = total(sizesOf(program.inputs.slice(0, leaves)));
  const rows = mode === 'forward-over-reverse' ? n : total(sizesOf(program.outputs));
  const seeds = mode === 'reverse' ? rows : n;
  const block = request.nbatches === 'auto' ? seeds : blockSizeOf(seeds, request.nbatches);
  const count = groupsOfStrands.reduce((sum, { strands }) => sum + strands.length, 0);
  const wanted = request.sample ? groupsOfStrands.slice(0, 1) : groupsOfStrands;
  const chosen = wanted.flatMap((group) => chooseTiles(request, group, block, count));
  const stages = (levers.residuals ? joinPoints : withoutPoint)(program, chosen);
  const { point, groups: joined } = DEVICES[request.device].keeps ? throughPoint(program, stages) : stages;
  const placing =
    request.device === 'cpu'
      ? whileCold(() => placingOf(point, joined, levers.native))
      : placedOn(DEVICES[request.device].engine, joined);
  const groups = chosen.map(({ range: { first, limit }, tile: { outputs }, width, placement }, k): PlannedGroup => {
    return { ...joined[k], engine: placing.groups[k], outputs, first, limit, width, placement };
  });
  const tiles = groups.flatMap((group, k) => tilesOf(k, group.first, group.limit, group.width));
  // A matrix without rows or columns has no groups.
  const tileWidth = Math.max(1, ...groups.map((group) => group.width));
  const blockSize = request.nbatches === 'auto' ? tileWidth : block;
  const tileFlops = groups.map((group) => flopsOf(group.program));
  return {
    point,
    pointEngine: placing.point,
    groups,
    prices: chosen.map(({ prices }) => prices),
    tiles,
    rows,
    columns: n,
    dtype: precision,
    facts: {
      n,
      nbatches: request.nbatches === 'auto' ? Math.ceil(seeds / blockSize) : request.nbatches,
      blockSize,
      tileWidth,
      mode,
      device: request.device,
      precision,
      checkpoint: recomputed === 0 ? false : recomputed === 1 ? true : recomputed,
      flops: (point ? flopsOf(point) : 0) + tiles.reduce((sum, tile) => sum + tileFlops[tile.group], 0),
      sharedBytes: total(program.inputs.map((v) => bytesOf(v.aval))),
      recomputed: Math.max(0, ...groups.map((g) => g.program.equations.filter((e) => e.region !== undefined).length)),
    },
  };
};
