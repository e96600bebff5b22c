/** Cuts a program into segments of which some are recomputed: where few bytes cross, and where most bytes are saved first. */

import { bytesOf } from '../ir/aval.ts';
import type { Atom, Equation, Program, Var } from '../ir/program.ts';
import { freeVariables } from '../ir/program.ts';
import { rulesOf } from '../primitives/table.ts';
import { linearize } from './linearize.ts';

/** A run of consecutive equations as a program over the variables that it takes from before it. */
export interface Segment {
  readonly program: Program;
  /** The outer variables that its inputs and outputs stand for. */
  readonly takes: readonly Var[];
  readonly gives: readonly Var[];
  /** Whether its values are computed again where they are needed; else they are kept. */
  readonly recomputed: boolean;
}

/** Equations first … limit−1, and what recomputing them costs and gives. */
interface Stretch {
  readonly first: number;
  readonly limit: number;
  /** Bytes of the residuals that are made in it. */
  readonly bytes: number;
  /** Of `bytes`, what isn't needed again to begin from. */
  readonly gain: number;
  readonly flops: number;
}

/** The values that vary with the active inputs. */
export const variedBy = (program: Program, active: readonly boolean[]): Set<Atom> => {
  const varied = new Set<Atom>(program.inputs.filter((_, i) => active[i]));
  for (const { inputs, output } of program.equations) if (inputs.some((a) => varied.has(a))) varied.add(output);
  return varied;
};

/** Of each equation, the bytes of the residuals that its derivative keeps. */
const residualBytes = (program: Program, active: readonly boolean[]): Float64Array => {
  // A region of its own for each tells what came of it.
  const equations = program.equations.map((e, i) => ({ ...e, region: i + 1 }));
  // Unmerged: of second derivatives, each factor is varied for itself.
  const { point } = linearize({ ...program, equations }, active, false);
  const makers = new Map<Atom, Equation>(point.equations.map((e) => [e.output, e]));
  const bytes = new Float64Array(equations.length);
  for (const a of point.outputs) {
    const region = makers.get(a)?.region;
    if (region !== undefined) bytes[region - 1] += bytesOf(a.aval);
  }
  return bytes;
};

/** Engines make no copy for these: what crosses a cut is their operand. */
const VIEWS: ReadonlySet<string> = new Set(['reshape', 'broadcast']);

/** Of each cut before an equation, the bytes that are made before it and used behind it. */
const crossingBytes = ({ equations, outputs }: Program, varied: ReadonlySet<Atom>): Float64Array => {
  const count = equations.length;
  const places = new Map<Atom, number>();
  const lastUse = new Int32Array(count).fill(-1);
  for (const [i, { primitive, inputs, output }] of equations.entries()) {
    for (const a of inputs) {
      const place = places.get(a);
      if (place !== undefined) lastUse[place] = i;
    }
    const source = VIEWS.has(primitive) ? places.get(inputs[0]) : i;
    if (source !== undefined) places.set(output, source);
  }
  for (const a of outputs) {
    const place = places.get(a);
    if (place !== undefined) lastUse[place] = count;
  }
  const change = new Float64Array(count + 2);
  for (const [i, { output }] of equations.entries()) {
    if (lastUse[i] <= i || !varied.has(output)) continue;
    change[i + 1] += bytesOf(output.aval);
    change[lastUse[i] + 1] -= bytesOf(output.aval);
  }
  const crossing = new Float64Array(count + 1);
  let bytes = 0;
  for (let i = 0; i <= count; i++) {
    bytes += change[i];
    crossing[i] = bytes;
  }
  return crossing;
};

interface Cut {
  /** Equations before which a segment begins; the first is 0. */
  readonly starts: readonly number[];
  /** Bytes across all cuts and in the largest segment: what a pullback holds at its fullest. */
  readonly held: number;
}

/** The cut of least crossing bytes into segments of at most `most` bytes of residuals, or of one equation. */
const cutWithin = (before: Float64Array, crossing: Float64Array, most: number): Cut => {
  const count = before.length - 1;
  /** Of the equations up to here, what crosses at best, and where the last segment begins. */
  const least = new Float64Array(count + 1);
  const from = new Int32Array(count + 1);
  /** Beginnings that may be the best, of growing cost. */
  const open: number[] = [];
  let head = 0;
  for (let end = 1; end <= count; end++) {
    const begin = end - 1;
    while (open.length > head && least[open[open.length - 1]] >= least[begin]) open.pop();
    open.push(begin);
    while (open[head] < begin && before[end] - before[open[head]] > most) head++;
    from[end] = open[head];
    least[end] = least[open[head]] + (end < count ? crossing[end] : 0);
  }
  const starts: number[] = [];
  let largest = 0;
  for (let end = count; end > 0; end = from[end]) {
    starts.unshift(from[end]);
    largest = Math.max(largest, before[end] - before[from[end]]);
  }
  return { starts, held: least[count] + largest };
};

/** Numbers of segments worth trying are this much apart. */
const FINER = 1.25;

/** The cut that holds least: in a chain of equal steps about √depth segments. */
const bestCut = (bytes: Float64Array, crossing: Float64Array): readonly number[] => {
  const before = new Float64Array(bytes.length + 1);
  for (let i = 0; i < bytes.length; i++) before[i + 1] = before[i] + bytes[i];
  const total = before[bytes.length];
  let best: Cut = { starts: [0], held: total };
  // More than that many segments hold more at their cuts than fewer.
  for (let count = 2; count <= bytes.length; count = Math.ceil(count * FINER)) {
    const cut = cutWithin(before, crossing, total / count);
    if (cut.held < best.held) best = cut;
    else if (cut.held > 2 * best.held) break;
  }
  return best.starts;
};

/** What segments are cut by. */
interface Sizes {
  /** Of each equation, the bytes of its residuals. */
  readonly bytes: Float64Array;
  /** Before each equation, the bytes that cross. */
  readonly crossing: Float64Array;
}

const stretchesOf = ({ equations }: Program, { bytes, crossing }: Sizes, varied: ReadonlySet<Atom>): Stretch[] => {
  const starts = bestCut(bytes, crossing);
  return starts.map((first, k): Stretch => {
    const limit = starts[k + 1] ?? equations.length;
    let flops = 0;
    for (const { primitive, inputs, params, output } of equations.slice(first, limit)) {
      if (varied.has(output))
        flops += rulesOf(primitive).cost(
          inputs.map((a) => a.aval),
          params,
          output.aval,
        );
    }
    const own = bytes.subarray(first, limit).reduce((sum, b) => sum + b, 0);
    return { first, limit, bytes: own, gain: own - crossing[first], flops };
  });
};

/** Ratios of bytes to FLOPs that differ by less are the same: the earlier segment goes first. */
const SAME_RATIO = Math.SQRT2;

/**
 * The segments to recompute: best ratio of bytes saved to FLOPs first, until they have a share of all residuals. The last
 * one comes last: its values are needed as soon as they are made.
 */
const chosenOf = (stretches: readonly Stretch[], share: number): Set<Stretch> => {
  if (share >= 1) return new Set(stretches);
  const rank = ({ gain, flops }: Stretch, last: boolean): number =>
    last || gain <= 0
      ? Number.NEGATIVE_INFINITY
      : Math.round(Math.log(gain / Math.max(flops, 1)) / Math.log(SAME_RATIO));
  const total = stretches.reduce((sum, { bytes }) => sum + bytes, 0);
  const ranked = stretches.map((stretch, k) => ({ stretch, rank: rank(stretch, k === stretches.length - 1) }));
  // Of equals, and of those that hardly save anything, the earlier first.
  const inOrder = ranked
    .sort((a, b) => (a.rank === b.rank ? a.stretch.first - b.stretch.first : b.rank - a.rank))
    .map(({ stretch }) => stretch);
  const chosen = new Set<Stretch>();
  let saved = 0;
  for (const stretch of inOrder) {
    // Shares are sums of fractions: what is there but for rounding is there.
    if (saved >= share * total * (1 - 1e-9)) break;
    if (stretch.bytes === 0) continue;
    chosen.add(stretch);
    saved += stretch.bytes;
  }
  return chosen;
};

interface Run {
  readonly first: number;
  readonly recomputed: boolean;
}

/** Neighbours that are kept are one; those that are recomputed are cut anew, for how many they are. */
const runsOf = (stretches: readonly Stretch[], chosen: ReadonlySet<Stretch>, { bytes, crossing }: Sizes): Run[] => {
  const runs = stretches
    .map((stretch) => ({ first: stretch.first, recomputed: chosen.has(stretch) }))
    .filter(({ recomputed }, k, all) => k === 0 || recomputed !== all[k - 1].recomputed);
  return runs.flatMap((run, k) => {
    if (!run.recomputed) return [run];
    const limit = runs[k + 1]?.first ?? bytes.length;
    const starts = bestCut(bytes.subarray(run.first, limit), crossing.subarray(run.first, limit + 1));
    return starts.map((start) => ({ first: run.first + start, recomputed: true }));
  });
};

/**
 * The program as segments. `share`, 0 … 1: how much of it is recomputed, by the bytes of its residuals; at least so
 * much, in whole segments. With a share between them the segments to recompute are among those of any larger share.
 */
export const segmentsOf = (program: Program, active: readonly boolean[], share: number): Segment[] => {
  const { equations, outputs } = program;
  const varied = variedBy(program, active);
  const sizes = { bytes: residualBytes(program, active), crossing: crossingBytes(program, varied) };
  const stretches = stretchesOf(program, sizes, varied);
  const runs = runsOf(stretches, chosenOf(stretches, share), sizes);
  const usedLater = new Set<Atom>(outputs);
  const segments: Segment[] = [];
  for (let k = runs.length - 1; k >= 0; k--) {
    const { first, recomputed } = runs[k];
    const own = equations.slice(first, runs[k + 1]?.first);
    const gives = own.map((e) => e.output).filter((v) => usedLater.has(v));
    const takes = freeVariables({ equations: own, outputs: gives });
    for (const v of takes) usedLater.add(v);
    segments.unshift({ program: { inputs: takes, equations: own, outputs: gives }, takes, gives, recomputed });
  }
  return segments;
};
