/** Roots: the values of a program that are made in memory, each by a nest of loops over some counters. */

import { type Shape, sameShape, sizeOf, stridesOf } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import type { Atom, Equation, Literal } from '../ir/program.ts';
import { axesOf, countersMap, flatIndex, type IndexMap, identityMap, scaled } from './index-map.ts';
import type { Ending } from './kernel.ts';

/** A value made in memory. */
export interface Root {
  readonly atom: Atom;
  /** Undefined: the atom is a literal. */
  readonly equation: Equation | undefined;
  readonly extents: readonly number[];
  /** Counters that the result keeps; the others are combined. */
  readonly kept: number;
  readonly ending: Ending;
  /** Where an element is stored, by the counters. */
  readonly store: IndexMap;
  /** What every element is before; undefined: each is stored. */
  readonly fill: number | undefined;
  /** Of the equation's operands that are read as the loops go; undefined: through the equation's own view. */
  readonly maps: readonly IndexMap[] | undefined;
  /** By counter, where the loops are cut. */
  readonly cuts: readonly number[][];
  /** How many values its nest computes, about. */
  load: number;
}

type Made = Omit<Root, 'atom' | 'equation' | 'cuts' | 'load'>;

const plainOf = (shape: Shape): Made => ({
  extents: shape,
  kept: shape.length,
  ending: 'store',
  store: flatIndex(identityMap(shape.length), shape, shape.length + 1),
  fill: undefined,
  maps: undefined,
});

let last = plainOf([]);

/** Stored in order. Values that follow one another often have one shape. */
const stored = (shape: Shape): Made => {
  if (!sameShape(shape, last.extents)) last = plainOf(shape);
  return last;
};

const reduction = ({ primitive, inputs, params, output }: Equation): Made => {
  const { shape } = inputs[0].aval;
  const axes = params.axes as readonly number[];
  const order = [...shape.keys()].filter((axis) => !axes.includes(axis));
  const kept = order.length;
  order.push(...axes);
  const counters = shape.map((_, axis) => order.indexOf(axis));
  const width = order.length + 1;
  return {
    extents: order.map((axis) => shape[axis]),
    kept,
    ending: primitive as Ending,
    store: flatIndex(countersMap([...output.aval.shape.keys()], width), output.aval.shape, width),
    fill: undefined,
    maps: [countersMap(counters, width)],
  };
};

const dot = ({ inputs, params, output }: Equation): Made => {
  const { lhs, rhs, out } = params as unknown as DotParams;
  const labels = [...out, ...lhs.filter((label) => !out.includes(label))];
  const extentOf = (label: number): number => {
    const at = lhs.indexOf(label);
    return at >= 0 ? inputs[0].aval.shape[at] : inputs[1].aval.shape[rhs.indexOf(label)];
  };
  const mapOf = (own: readonly number[]): IndexMap =>
    countersMap(
      own.map((label) => labels.indexOf(label)),
      labels.length + 1,
    );
  const summed = labels.length > out.length;
  return {
    extents: labels.map(extentOf),
    kept: out.length,
    ending: summed ? 'reduce_sum' : 'store',
    store: flatIndex(mapOf(out), output.aval.shape, labels.length + 1),
    fill: undefined,
    maps: [mapOf(lhs), mapOf(rhs)],
  };
};

/** Patches are added where they overlap: one offset within the patch after the other. */
const fold = ({ inputs, params, output }: Equation): Made => {
  const { shape } = inputs[0].aval;
  const axis = params.axis as number;
  const order = [...shape.keys()].filter((i) => i !== axis + 1);
  order.splice(0, 0, axis + 1);
  const width = shape.length + 1;
  const own = countersMap(
    shape.map((_, i) => order.indexOf(i)),
    width,
  );
  const places = [...own];
  const at = axis * width;
  const [stride, dilation] = [params.stride as number, params.dilation as number];
  for (let k = at; k < at + width; k++) places[k] = stride * own[k] + dilation * own[k + width];
  places.splice(at + width, width);
  return {
    extents: order.map((i) => shape[i]),
    kept: shape.length,
    ending: 'accumulate',
    store: flatIndex(places, output.aval.shape, width),
    fill: 0,
    maps: [own],
  };
};

const scatter = ({ inputs, params, output }: Equation): Made => {
  const [{ shape }, indices] = inputs.map((a) => a.aval);
  const axis = params.axis as number;
  const own = identityMap(shape.length);
  const strides = stridesOf(output.aval.shape);
  const store = new Array<number>(shape.length + 1).fill(0);
  for (const i of shape.keys()) {
    if (i < axis) store[i + 1] = strides[i];
    else if (i >= axis + indices.shape.length) store[i + 1] = strides[i - indices.shape.length + 1];
  }
  return {
    extents: shape,
    kept: shape.length,
    ending: 'accumulate',
    store,
    fill: 0,
    maps: [own, axesOf(own, axis, axis + indices.shape.length, shape.length + 1)],
  };
};

/** A pad with room between neighbours: filled, then every element stored at its place. */
const spread = ({ inputs, params, output }: Equation): Made => {
  const { shape } = inputs[0].aval;
  const low = params.low as readonly number[];
  const interior = params.interior as readonly number[];
  const own = identityMap(shape.length);
  const places = scaled(
    own,
    (axis) => interior[axis] + 1,
    (axis) => low[axis],
    shape.length + 1,
  );
  return {
    ...stored(shape),
    maps: [own],
    store: flatIndex(places, output.aval.shape, shape.length + 1),
    fill: params.value as number,
  };
};

export const isSpread = ({ primitive, params }: Equation): boolean =>
  primitive === 'pad' && (params.interior as readonly number[]).some((count) => count > 0);

const madeBy = (equation: Equation): Made => {
  switch (equation.primitive) {
    case 'reduce_sum':
    case 'reduce_max':
    case 'reduce_min':
      return reduction(equation);
    case 'dot':
      return dot(equation);
    case 'fold':
      return fold(equation);
    case 'scatter_add':
      return scatter(equation);
    default:
      return isSpread(equation) ? spread(equation) : stored(equation.output.aval.shape);
  }
};

const rootFrom = (made: Made, atom: Atom, equation: Equation | undefined): Root => {
  const { extents, kept, ending, store, fill, maps } = made;
  return { atom, equation, extents, kept, ending, store, fill, maps, cuts: extents.map(() => []), load: 0 };
};

export const rootOf = (equation: Equation): Root => rootFrom(madeBy(equation), equation.output, equation);

/** An output in which every element is the same. */
export const copyOf = (atom: Literal): Root => rootFrom(stored(atom.aval.shape), atom, undefined);

/** Primitives whose results are always made in memory. */
export const ALWAYS_MADE: ReadonlySet<string> = new Set([
  'reduce_sum',
  'reduce_max',
  'reduce_min',
  'dot',
  'fold',
  'scatter_add',
]);

export const isEmpty = (atom: Atom): boolean => sizeOf(atom.aval.shape) === 0;
