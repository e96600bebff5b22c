/** How views are seen through: which elements of its operands an equation that only moves elements reads. */

import type { Shape } from '../ir/aval.ts';
import type { Equation } from '../ir/program.ts';
import { isParted, partsOf } from '../primitives/parts.ts';
import { type Box, type IndexMap, onlyCounter, rangeOf, scaled, unreshaped } from './index-map.ts';

/** A reading of operand `operand` at `map`, for the counters in `box`. */
export interface Reading {
  readonly operand: number;
  readonly map: IndexMap;
  readonly box: Box;
}

/** Where a box must be cut: counter, then the first count behind the cut. */
export type Cut = readonly [counter: number, at: number];

/** What a view reads in a box, and where the box must be cut for that; what nothing reads is outside of a pad. */
export interface Sight {
  readonly readings: readonly Reading[];
  readonly cuts: readonly Cut[];
}

export const VIEWS: ReadonlySet<string> = new Set([
  'reshape',
  'broadcast',
  'permute',
  'reverse',
  'roll',
  'slice',
  'windows',
  'pad',
  'concat',
]);

const gathered = (map: IndexMap, axes: readonly number[], width: number): IndexMap => {
  const made: number[] = [];
  for (const axis of axes) for (let k = 0; k < width; k++) made.push(map[axis * width + k]);
  return made;
};

const inverse = (permutation: readonly number[]): number[] => {
  const made = new Array<number>(permutation.length);
  for (let i = 0; i < permutation.length; i++) made[permutation[i]] = i;
  return made;
};

/** The map of a view's operand: of the first, or of the one whose elements start at `first` in a concat. Undefined: there is none. */
const throughView = ({ primitive, inputs, params }: Equation, map: IndexMap, width: number): IndexMap | undefined => {
  switch (primitive) {
    case 'reshape':
      return unreshaped(map, inputs[0].aval.shape, params.shape as Shape, width);
    case 'broadcast':
      return gathered(map, params.axes as readonly number[], width);
    case 'permute':
      return gathered(map, inverse(params.permutation as readonly number[]), width);
    case 'reverse': {
      const axes = params.axes as readonly number[];
      const { shape } = inputs[0].aval;
      return scaled(
        map,
        (axis) => (axes.includes(axis) ? -1 : 1),
        (axis) => (axes.includes(axis) ? shape[axis] - 1 : 0),
        width,
      );
    }
    case 'slice': {
      const starts = params.starts as readonly number[];
      const strides = params.strides as readonly number[];
      const made = map.slice();
      for (let axis = 0; axis < starts.length; axis++) {
        const first = axis * width;
        if (strides[axis] !== 1) for (let k = first; k < first + width; k++) made[k] *= strides[axis];
        made[first] += starts[axis];
      }
      return made;
    }
    case 'pad': {
      const low = params.low as readonly number[];
      const made = map.slice();
      for (let axis = 0; axis < low.length; axis++) made[axis * width] -= low[axis];
      return made;
    }
    case 'windows': {
      const at = (params.axis as number) * width;
      const made = map.slice();
      const [stride, dilation] = [params.stride as number, params.dilation as number];
      for (let k = at; k < at + width; k++) made[k] = stride * map[k] + dilation * map[k + width];
      made.splice(at + width, width);
      return made;
    }
    default:
      return undefined;
  }
};

const movedAlong = (map: IndexMap, axis: number, by: number, width: number): IndexMap => {
  if (by === 0) return map;
  const made = map.slice();
  made[axis * width] += by;
  return made;
};

/** The part of a box in which an axis' index is in [first, limit); adds to `cuts`. Null: no part; undefined: none that loops can say. */
const within = (
  map: IndexMap,
  axis: number,
  box: Box,
  first: number,
  limit: number,
  cuts: Cut[],
): Box | null | undefined => {
  const [least, greatest] = rangeOf(map, axis, box);
  if (least >= first && greatest < limit) return box;
  if (least >= limit || greatest < first) return null;
  const width = box.low.length + 1;
  const counter = onlyCounter(map, axis, width);
  if (counter === undefined) return undefined;
  const offset = map[axis * width];
  const step = map[axis * width + 1 + counter];
  const [a, b] = [(first - offset) / step, (limit - 1 - offset) / step];
  const low = Math.max(box.low[counter], Math.ceil(Math.min(a, b)));
  const high = Math.min(box.high[counter], Math.floor(Math.max(a, b)) + 1);
  if (low >= high) return null;
  if (low > box.low[counter]) cuts.push([counter, low]);
  if (high < box.high[counter]) cuts.push([counter, high]);
  const made = { low: box.low.slice(), high: box.high.slice() };
  made.low[counter] = low;
  made.high[counter] = high;
  return made;
};

const padSight = (equation: Equation, map: IndexMap, box: Box): Sight | undefined => {
  const { inputs, params } = equation;
  const low = params.low as readonly number[];
  const cuts: Cut[] = [];
  const { shape } = inputs[0].aval;
  let inner: Box | null | undefined = box;
  for (let axis = 0; axis < shape.length && inner; axis++) {
    inner = within(map, axis, inner, low[axis], low[axis] + shape[axis], cuts);
  }
  if (inner === undefined) return undefined;
  if (inner === null) return { readings: [], cuts };
  const through = throughView(equation, map, box.low.length + 1) as IndexMap;
  return { readings: [{ operand: 0, map: through, box: inner }], cuts };
};

const partedSight = (equation: Equation, map: IndexMap, box: Box): Sight | undefined => {
  const axis = equation.params.axis as number;
  const cuts: Cut[] = [];
  const readings: Reading[] = [];
  for (const { operand, first, limit, by } of partsOf(equation)) {
    const inner = within(map, axis, box, first, limit, cuts);
    if (inner === undefined) return undefined;
    if (inner) readings.push({ operand, map: movedAlong(map, axis, by, box.low.length + 1), box: inner });
  }
  return { readings, cuts };
};

const NO_CUTS: readonly never[] = [];

/** What a view reads of its operands in a box; undefined if loops can't say it. */
export const sightOf = (equation: Equation, map: IndexMap, box: Box): Sight | undefined => {
  if (equation.primitive === 'pad') return padSight(equation, map, box);
  if (isParted(equation)) return partedSight(equation, map, box);
  const through = throughView(equation, map, box.low.length + 1);
  return through && { readings: [{ operand: 0, map: through, box }], cuts: NO_CUTS };
};

/** The one operand that a view reads where counters start at 0 in a box that was cut for it, and how; null: none. */
export const seenIn = (
  equation: Equation,
  map: IndexMap,
  width: number,
): { readonly operand: number; readonly map: IndexMap } | null | undefined => {
  const { primitive, inputs, params } = equation;
  if (isParted(equation)) {
    const axis = params.axis as number;
    const at = map[axis * width];
    const part = partsOf(equation).find(({ first, limit }) => at >= first && at < limit);
    return part ? { operand: part.operand, map: movedAlong(map, axis, part.by, width) } : null;
  }
  if (primitive === 'pad') {
    const low = params.low as readonly number[];
    const { shape } = inputs[0].aval;
    for (let axis = 0; axis < shape.length; axis++) {
      const at = map[axis * width] - low[axis];
      if (at < 0 || at >= shape[axis]) return null;
    }
  }
  const through = throughView(equation, map, width);
  return through && { operand: 0, map: through };
};
