/** What a program costs: floating-point operations, and the bytes that are alive at its fullest moment. */

import { type Aval, bytesOf, sizeOf } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import type { Atom, Equation, Program } from '../ir/program.ts';
import { isVar } from '../ir/program.ts';
import { remembered } from '../ir/remembered.ts';
import type { Placement, TileOutput } from '../pool/job.ts';
import { extentsByLabel } from '../primitives/dot-labels.ts';
import { rulesOf } from '../primitives/table.ts';
import { farTime, PER_STEP, productCost, ratesOf } from '../transforms/contract/order.ts';

const operationsOf = ({ primitive, inputs, params, output }: Equation): number => {
  const avals: Aval[] = [];
  for (let i = 0; i < inputs.length; i++) avals.push(inputs[i].aval);
  return rulesOf(primitive).cost(avals, params, output.aval);
};

export const flopsOf = (program: Program): number => program.equations.reduce((sum, e) => sum + operationsOf(e), 0);

/** Engines make no copy for these: a reshape is a view, a broadcast happens inside its consumers. */
const FREE: ReadonlySet<string> = new Set(['reshape', 'broadcast']);

/** The equations whose results are made: not those of views, but for a broadcast that is an output. */
const madeIn = remembered(({ equations, outputs }: Program): ReadonlySet<Equation> => {
  const views = new Map<Atom, Equation>();
  for (const e of equations) if (FREE.has(e.primitive)) views.set(e.output, e);
  const isRepeated = (a: Atom): boolean => {
    let view = views.get(a);
    while (view?.primitive === 'reshape') view = views.get(view.inputs[0]);
    return view !== undefined;
  };
  const repeated = new Set(outputs.filter(isRepeated));
  return new Set(equations.filter((e) => !FREE.has(e.primitive) || repeated.has(e.output)));
});

/** Nodes that an engine runs. */
export const nodesOf = (program: Program): number => madeIn(program).size;

/** Bytes that a program reads and writes, each operand once for each equation that takes it, and as large as it is kept. */
export const movedBytesOf = (program: Program): number => {
  const kept = new Map<Atom, number>();
  const bytes = (a: Atom): number => (isVar(a) ? (kept.get(a) ?? bytesOf(a.aval)) : 0);
  const made = madeIn(program);
  let moved = 0;
  for (const equation of program.equations) {
    const { inputs, output } = equation;
    if (!made.has(equation)) kept.set(output, bytes(inputs[0]));
    else moved += bytesOf(output.aval) + inputs.reduce((sum, a) => sum + bytes(a), 0);
  }
  return moved;
};

/** Elements moved per element of the result, for primitives that move; in float64 the ratio is the same. */
const MOVES: Readonly<Record<string, number>> = {
  permute: 3,
  gather: ratesOf('float32').gathered / ratesOf('float32').element,
  scatter_add: 4,
  slice: 0.7,
  concat: 0.7,
  pad: 1.2,
  reverse: 1,
  roll: 1,
  windows: 4,
  fold: 11,
  cumsum: 3,
};
/** Sums of at most so many elements are made of pieces; runs shorter than this are no runs. */
const SHORT_SUM = 4;
const SHORT_RUN = 32;

/** Nodes for one equation, where there are several, or as slow as several: the engine's integer arithmetic. */
const NODES: Readonly<Record<string, number>> = { one_hot: 5 };
/** A gather whose indices may be out of range: its nodes, and nanoseconds more per element. */
const MASKING_NODES = 5;
const PER_MASKED = 0.55;
const INTEGER_NODES = 4;

/** Starting on another run of contiguous elements, in nanoseconds: of a copy, of a concat, and of a repeated operand. */
const PER_RUN = 6;
const PER_CONCAT_RUN = 0.5;
const PER_SPAN = 4;

/**
 * Nanoseconds of one core that a program takes when nothing else runs; right to a factor of two or so, and its ratios
 * are better (bench/alternatives.ts, bench/profile.ts).
 */
export const nanosecondsOf = remembered((program: Program) => timesOf(program).reduce((sum, time) => sum + time, 0));

/** What a run of a program costs beside its equations. */
const PER_TILE = 40_000;

/** What the caches of a core hold, about. */
export const CACHED_BYTES = 4 * 2 ** 20;
/** How much more a tile takes whose values don't fit there, beside what its large equations are priced for. */
const OVERFLOW = 1.1;
/** A core's part of the last cache: tiles with more push each other's values out when all cores are at work. */
const SHARED_BYTES = 16 * 2 ** 20;
const PUSHED_OUT = 1.3;

const overflowOf = (bytes: number): number => (bytes > SHARED_BYTES ? PUSHED_OUT : bytes > CACHED_BYTES ? OVERFLOW : 1);

/** What `tileNanoseconds` is at least: each equation that makes a value is begun. */
export const leastNanoseconds = (program: Program): number => PER_STEP * nodesOf(program) + PER_TILE;

/** Nanoseconds of one core that a run of a tile program takes. */
export const tileNanoseconds = (program: Program): number =>
  (nanosecondsOf(program) + PER_TILE) * overflowOf(livePeakBytes(program));

/** Nanoseconds of writing an element to its place, and of starting on a line of the matrix. */
const PER_WRITTEN = 3;
const PER_LINE = 20;

/** Nanoseconds of one core for writing a tile's outputs to their places. */
export const stitchNanoseconds = (outputs: readonly TileOutput[], width: number, placement: Placement): number =>
  outputs.reduce((sum, { size, placed }) => {
    // Entries with places of their own are lines of one element.
    const across = placement === 'column' ? 0 : placed ? width * size : width;
    const down = placement === 'row' ? 0 : placed ? width * size : size;
    const times = placement === 'symmetric' ? 2 : 1;
    return sum + times * PER_WRITTEN * width * size + PER_LINE * (across + down);
  }, 0);

/** Nanoseconds of each equation. */
export const timesOf = (program: Program): number[] => {
  const made = madeIn(program);
  const makers = new Map<Atom, Equation>(program.equations.map((e) => [e.output, e]));
  return program.equations.map((e) => (made.has(e) ? timeOf(e, makers) : 0));
};

/** Elements after the last axis on which an op that moves works, that axis included: what it copies at once. */
const runOf = ({ primitive, inputs, params, output }: Equation): number => {
  const { shape } = output.aval;
  const from = (axis: number): number => sizeOf(shape.slice(axis));
  const lastChanged = (changed: (i: number) => boolean): number => {
    for (let i = shape.length - 1; i >= 0; i--) if (changed(i)) return from(i);
    return sizeOf(shape);
  };
  switch (primitive) {
    case 'concat':
      return Math.min(...inputs.map((a) => sizeOf(a.aval.shape.slice(params.axis as number))));
    case 'slice':
    case 'pad':
      return lastChanged((i) => inputs[0].aval.shape[i] !== shape[i]);
    case 'reverse':
      return lastChanged((i) => (params.axes as readonly number[]).includes(i)) / 2;
    case 'gather':
      return sizeOf(inputs[0].aval.shape.slice((params.axis as number) + 1));
    case 'windows':
    case 'fold':
      return from((params.axis as number) + 1);
    default:
      return sizeOf(shape);
  }
};

/** Elements over which a repeated operand of an elementwise op is read without starting anew. */
const spanOf = (repeated: Equation): number => {
  const { shape } = repeated.output.aval;
  const axes = repeated.params.axes as readonly number[];
  const own = (i: number): boolean => axes.includes(i);
  let span = 1;
  let i = shape.length - 1;
  for (; i >= 0 && own(i) === own(shape.length - 1); i--) span *= shape[i];
  return span;
};

/** Elementwise ops' worth per element of what is summed: short sums are of pieces, and sums in short runs jump about. */
const readPrice = ({ inputs, params }: Equation): number => {
  const { shape } = inputs[0].aval;
  const axes = params.axes as readonly number[];
  const count = axes.reduce((product, axis) => product * shape[axis], 1);
  const run = sizeOf(shape.slice(Math.max(-1, ...axes) + 1));
  return count <= SHORT_SUM || (run > 1 && run < SHORT_RUN) ? 3 : 0.5;
};

const timeOf = (equation: Equation, makers: ReadonlyMap<Atom, Equation>): number => {
  const { primitive, inputs, output } = equation;
  if (primitive === 'dot') return dotTime(equation);
  const rates = ratesOf(output.aval.dtype);
  const made = sizeOf(output.aval.shape);
  let read = 0;
  for (let i = 0; i < inputs.length; i++) if (isVar(inputs[i])) read = Math.max(read, sizeOf(inputs[i].aval.shape));
  const summing = primitive === 'reduce_sum' ? rates.element * readPrice(equation) * read : 0;
  const work = Math.max(
    summing,
    rates.element * Math.max(made * (MOVES[primitive] ?? 1), read / 2, operationsOf(equation)),
  );
  let moved = made;
  let spans = 0;
  for (const a of inputs) {
    const maker = makers.get(a);
    if (maker?.primitive === 'broadcast') spans = Math.max(spans, made / spanOf(maker));
    else if (isVar(a)) moved += sizeOf(a.aval.shape);
  }
  // Indices that the program makes are in range; what data says may not be.
  const masking = primitive === 'gather' && !makers.has(inputs[1]);
  const nodes = masking ? MASKING_NODES : (NODES[primitive] ?? (output.aval.dtype === 'int32' ? INTEGER_NODES : 1));
  const fixed = PER_STEP * nodes + farTime(moved, rates) + (masking ? PER_MASKED * made : 0);
  if (!(primitive in MOVES)) return fixed + work + PER_SPAN * spans;
  const perRun = primitive === 'concat' ? PER_CONCAT_RUN : PER_RUN;
  return fixed + work + (perRun * made) / Math.max(1, runOf(equation));
};

const dotTime = ({ inputs, params, output }: Equation): number => {
  const labels = params as unknown as DotParams;
  const { lhs, rhs, out } = labels;
  const sizes = extentsByLabel(inputs, labels);
  const volume = (labels: readonly number[]): number => {
    let product = 1;
    for (let i = 0; i < labels.length; i++) product *= sizes.get(labels[i]) as number;
    return product;
  };
  return productCost(lhs, rhs, out, { volume }, ratesOf(output.aval.dtype));
};

/**
 * Bytes of a program's own values at the fullest moment when its equations run in order and each value is
 * released after its last use. Inputs are the caller's and don't count; outputs stay alive.
 */
export const livePeakBytes = remembered((program: Program) => livePeakOf(program, true));

/**
 * The same without the outputs, which are computed into memory of their own, and with the pieces that the engine joins to
 * windows.
 */
export const scratchPeakBytes = remembered((program: Program) => livePeakOf(program, false));

const livePeakOf = (program: Program, withOutputs: boolean): number => {
  const { equations, outputs } = program;
  const made = madeIn(program);
  const count = equations.length;
  const places = new Map<Atom, number>();
  /** Of each equation's output: where it is used last; −1: nowhere, `count`: after all of them. */
  const lastUse = new Int32Array(count).fill(-1);
  for (let i = 0; i < count; i++) {
    for (const a of equations[i].inputs) {
      const place = places.get(a);
      if (place !== undefined) lastUse[place] = i;
    }
    places.set(equations[i].output, i);
  }
  for (const a of outputs) {
    const place = places.get(a);
    if (place !== undefined) lastUse[place] = count;
  }
  // A view keeps its source alive.
  for (let i = count - 1; i >= 0; i--) {
    const source = made.has(equations[i]) ? undefined : places.get(equations[i].inputs[0]);
    if (source !== undefined) lastUse[source] = Math.max(lastUse[source], lastUse[i]);
  }
  const counts = (i: number): boolean => made.has(equations[i]) && (withOutputs || lastUse[i] < count);
  const released = new Float64Array(count + 1);
  for (let i = 0; i < count; i++)
    if (lastUse[i] >= 0 && counts(i)) released[lastUse[i]] += bytesOf(equations[i].output.aval);
  let alive = 0;
  let peak = 0;
  for (let i = 0; i < count; i++) {
    if (counts(i)) alive += bytesOf(equations[i].output.aval);
    const pieces = !withOutputs && equations[i].primitive === 'windows' ? bytesOf(equations[i].output.aval) : 0;
    peak = Math.max(peak, alive + pieces);
    alive -= released[i];
  }
  return peak;
};

/** Elements of the largest value that a program makes from its inputs but the first `knownCount`; at least 1. */
export const widestValue = (program: Program, knownCount: number): number => {
  const made = madeIn(program);
  const dependent = new Set<Atom>(program.inputs.slice(knownCount));
  let widest = 1;
  for (const v of dependent) widest = Math.max(widest, sizeOf(v.aval.shape));
  for (const e of program.equations) {
    if (!e.inputs.some((a) => isVar(a) && dependent.has(a))) continue;
    dependent.add(e.output);
    if (made.has(e)) widest = Math.max(widest, sizeOf(e.output.aval.shape));
  }
  return widest;
};
