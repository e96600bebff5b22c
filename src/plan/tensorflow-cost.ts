/**
 * What a program takes on TensorFlow once XLA has compiled it: nanoseconds of one core, as they were measured program by
 * program (`npm run bench -- alternatives --device tensorflow`).
 */

import { bytesOf, isFloat, sizeOf } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import { type Atom, type Equation, isVar, type Program } from '../ir/program.ts';
import { remembered } from '../ir/remembered.ts';
import { extentsByLabel } from '../primitives/dot-labels.ts';

/** Of a run, of an array that goes in and of one that comes back, of an equation that is no view. */
const PER_RUN = 30_000;
const PER_INPUT = 1500;
const PER_OUTPUT = 8000;
const PER_EQUATION = 600;
/** Of a byte that comes back: it is copied twice, once into fresh memory. */
const PER_BYTE_OUT = 0.45;

/** XLA's loops take no account of these. */
const VIEWS: ReadonlySet<string> = new Set(['reshape', 'broadcast']);
/** What takes its operands from memory, and gives its result there; all else XLA computes inside the loop that reads it. */
const UNFUSED: ReadonlySet<string> = new Set(['dot', 'scatter_add', 'cumsum', 'argtopk', 'argmax', 'argmin']);

/** Per element: of what costs next to nothing in a loop, of a value that is written and read again. */
const PER_ELEMENT = [0.06, 0.12] as const;
const PER_STORED = [0.5, 1] as const;

/** Per element of the result, in float32 and in float64, which XLA has no vectors of for most. */
const FUNCTIONS: Readonly<Record<string, readonly [number, number]>> = {
  div: [0.5, 0.9],
  sqrt: [0.2, 1],
  exp: [1, 7],
  expm1: [2.5, 40],
  log: [1.5, 8],
  log1p: [2, 12],
  tanh: [0.6, 39],
  logistic: [1.2, 11],
  softplus: [5, 16],
  erf: [0.5, 7],
  sin: [5, 8],
  cos: [8, 8],
  tan: [9, 16],
  asin: [23, 24],
  acos: [15, 30],
  atan: [20, 30],
  sinh: [5, 58],
  cosh: [3, 12],
  asinh: [6, 24],
  acosh: [3, 14],
  atanh: [6, 20],
  pow: [12, 18],
  atan2: [26, 26],
  rem: [4, 4],
};

/** Per element moved. */
const MOVES: Readonly<Record<string, number>> = {
  slice: 0.2,
  concat: 0.4,
  pad: 0.5,
  reverse: 0.3,
  roll: 0.6,
  scatter_add: 0.9,
  windows: 0.6,
  fold: 2,
};
/**
 * Per element of what is turned so that another axis is the last one; and where it is read from more lines than a cache
 * has before it goes on along any of them, each of so many elements or more.
 */
const PER_TURNED = [0.8, 1.1] as const;
const PER_TURNED_FAR = [2.2, 3.4] as const;
const LINES = 512;
const LINE = 32;
/** Per element that is gathered: one by one, or in runs of so many or more. */
const PER_GATHERED = 0.5;
const RUN = 32;
const PER_GATHERED_RUN = 0.1;

/** Per element that is summed: along the last axis, along others. */
const PER_SUMMED = 0.3;
const PER_SUMMED_ACROSS = 0.6;
/** Of a running sum. */
const PER_RUNNING = [6, 8] as const;

/**
 * Of products: one that is called, and not a few numbers; a multiplication, and what it takes more with fewer rows or
 * columns than a vector has; an element that goes in; one that comes out, and where there are many small products.
 */
const PER_PRODUCT = 7000;
const FEW_NUMBERS = 512;
const PER_MULTIPLICATION = [0.016, 0.078] as const;
const VECTOR = 16;
const PER_TAKEN = 0.15;
const PER_GIVEN = [0.15, 0.9] as const;
const PER_GIVEN_EACH = [1.6, 3] as const;
/** Of the matrix in a product with a vector. */
const PER_MATRIX_ELEMENT = [0.34, 0.8] as const;
/** Fewer rows or columns than this are vectors. */
const FEW = 4;

const elementsOf = (a: Atom): number => sizeOf(a.aval.shape);

const widthOf = ({ output, inputs }: Equation): 0 | 1 =>
  [output, ...inputs].some(({ aval }) => aval.dtype === 'float64') ? 1 : 0;

const dotTime = (equation: Equation): number => {
  const { inputs, params, output } = equation;
  const labelled = params as unknown as DotParams;
  const { lhs, rhs, out } = labelled;
  const w = widthOf(equation);
  const [x, y] = inputs;
  const extents = extentsByLabel(inputs, labelled);
  const volume = (labels: readonly number[]): number => sizeOf(labels.map((label) => extents.get(label) as number));
  const made = elementsOf(output);
  const shared = out.filter((label) => lhs.includes(label) && rhs.includes(label));
  const loops = volume(shared);
  const rows = volume(out.filter((label) => lhs.includes(label))) / loops;
  const columns = made / (loops * rows);
  const summed = volume(lhs.filter((label) => rhs.includes(label) && !out.includes(label)));
  const multiplied = made * summed;
  if (summed === 1) return PER_ELEMENT[w] * made;
  if (rows === 1 && columns === 1) return (1 + w) * PER_SUMMED_ACROSS * multiplied;
  const isLeft = (label: number): boolean => lhs.includes(label);
  const isKept = (label: number): boolean => out.includes(label);
  const turned = (from: readonly number[], to: readonly number[]): number =>
    turnTime(
      from.map((label) => extents.get(label) as number),
      to.map((label) => from.indexOf(label)),
      w,
    );
  /** Axes as a product takes or gives them: those of all products, then its own in two parts. */
  const inOrder = (labels: readonly number[], part: (label: number) => boolean): readonly number[] => {
    const own = labels.filter((label) => !shared.includes(label));
    return [...shared, ...own.filter(part), ...own.filter((label) => !part(label))];
  };
  let turning = isInOrder(out, shared, isLeft) ? 0 : turned(inOrder(out, isLeft), out);
  for (const labels of [lhs, rhs])
    if (!isInOrder(labels, shared, isKept)) turning += turned(labels, inOrder(labels, isKept));
  if (Math.min(rows, columns) < FEW) return turning + PER_MATRIX_ELEMENT[w] * multiplied;
  const given = loops > 1 ? PER_GIVEN_EACH : PER_GIVEN;
  const taken = PER_TAKEN * (1 + w) * (elementsOf(x) + elementsOf(y));
  const called = multiplied > FEW_NUMBERS ? PER_PRODUCT : 0;
  const thin = Math.max(1, VECTOR / Math.min(rows, columns));
  return called + turning + taken + thin * PER_MULTIPLICATION[w] * multiplied + given[w] * made;
};

/** Of an array whose axes are put into another order, by the places that they had. */
const turnTime = (shape: readonly number[], permutation: readonly number[], w: 0 | 1): number => {
  const last = shape.length - 1;
  const made = sizeOf(shape);
  if (permutation.at(-1) === last) return PER_ELEMENT[w] * made;
  const lines = sizeOf(permutation.slice(permutation.indexOf(last) + 1).map((axis) => shape[axis]));
  return (lines > LINES && shape[last] >= LINE ? PER_TURNED_FAR : PER_TURNED)[w] * made;
};

/** Whether axes lie so that they are taken as they are: those of all products first, then the rest in two parts. */
const isInOrder = (labels: readonly number[], loops: readonly number[], part: (label: number) => boolean): boolean => {
  if (labels.slice(0, loops.length).some((label) => !loops.includes(label))) return false;
  const parts = labels.slice(loops.length).map(part);
  return parts.filter((own, i) => i > 0 && own !== parts[i - 1]).length <= 1;
};

/** Whether the last axis stays the last one. */
const keepsLast = (axes: readonly number[], rank: number): boolean => !axes.includes(rank - 1);

const timeOf = (equation: Equation): number => {
  const { primitive, inputs, params, output } = equation;
  const made = elementsOf(output);
  const w = widthOf(equation);
  switch (primitive) {
    case 'dot':
      return dotTime(equation);
    case 'reduce_sum':
    case 'reduce_max':
    case 'reduce_min': {
      const across = keepsLast(params.axes as readonly number[], inputs[0].aval.shape.length);
      return (1 + w) * (across ? PER_SUMMED_ACROSS : PER_SUMMED) * elementsOf(inputs[0]);
    }
    case 'cumsum':
      return PER_RUNNING[w] * made;
    case 'permute':
      return turnTime(inputs[0].aval.shape, params.permutation as readonly number[], w);
    case 'gather': {
      const run = sizeOf(inputs[0].aval.shape.slice((params.axis as number) + 1));
      return (1 + w) * (run < RUN ? PER_GATHERED : PER_GATHERED_RUN) * made;
    }
    default: {
      const moves = MOVES[primitive];
      return (moves === undefined ? (FUNCTIONS[primitive]?.[w] ?? PER_ELEMENT[w]) : (1 + w) * moves) * made;
    }
  }
};

/** XLA compiles stretches of about so many equations: what is read farther off is written to memory. */
const FAR = 64;
/** Of a stretch after the first, and of a value that it takes, or that it gives to others. */
const PER_STRETCH = 16_000;
const PER_HANDED = 1400;

/** Calling a program stretch by stretch. */
const stretchTime = ({ equations }: Program): number => {
  const stretchOf = new Map<Atom, number>();
  const given = new Set<Atom>();
  let taken = 0;
  for (let from = 0; from < equations.length; from += FAR) {
    const stretch = equations.slice(from, from + FAR);
    for (const { output } of stretch) stretchOf.set(output, from);
    const outside = new Set(
      stretch.flatMap(({ inputs }) => inputs.filter((a) => isVar(a) && stretchOf.get(a) !== from)),
    );
    taken += outside.size;
    for (const a of outside) if (stretchOf.has(a)) given.add(a);
  }
  const more = Math.max(0, Math.ceil(equations.length / FAR) - 1);
  return PER_STRETCH * more + PER_HANDED * (taken + given.size);
};

const isUnfused = ({ primitive, inputs, params }: Equation): boolean => {
  if (primitive !== 'dot') return UNFUSED.has(primitive);
  // Numbers that are multiplied one by one.
  const { lhs, rhs, out } = params as unknown as DotParams;
  const summed = lhs.filter((label) => rhs.includes(label) && !out.includes(label));
  return summed.some((label) => inputs[0].aval.shape[lhs.indexOf(label)] > 1);
};

/** Values that are written to memory: what several equations read, what products take and give, and results. */
const storedIn = ({ equations, outputs }: Program): ReadonlySet<Atom> => {
  const stored = new Set<Atom>(outputs);
  const read = new Set<Atom>();
  const places = new Map<Atom, number>();
  for (const [i, equation] of equations.entries()) {
    const { inputs, output } = equation;
    const unfused = isUnfused(equation);
    for (const a of inputs) {
      if (read.has(a) || unfused || i - (places.get(a) ?? i) > FAR) stored.add(a);
      read.add(a);
    }
    if (unfused) stored.add(output);
    places.set(output, i);
  }
  return stored;
};

/** Nanoseconds of one core that a run takes, compiled. */
export const tensorflowNanosecondsOf = remembered((program: Program): number => {
  const stored = storedIn(program);
  let time = PER_RUN + PER_INPUT * program.inputs.length + PER_OUTPUT * program.outputs.length + stretchTime(program);
  for (const equation of program.equations) {
    if (VIEWS.has(equation.primitive)) continue;
    const { output } = equation;
    time += PER_EQUATION + timeOf(equation);
    if (stored.has(output)) time += PER_STORED[isFloat(output.aval.dtype) ? widthOf(equation) : 0] * elementsOf(output);
  }
  return time + PER_BYTE_OUT * program.outputs.reduce((sum, a) => sum + (isVar(a) ? bytesOf(a.aval) : 0), 0);
});
