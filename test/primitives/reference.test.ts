/** Primitives that move or sum elements against their definitions, written as naive loops over indices. */

import { describe, expect, it } from 'vitest';
import { type Shape, sizeOf, stridesOf, type Value } from '../../src/ir/aval.ts';
import type { DotParams, Params, PrimitiveName } from '../../src/ir/params.ts';
import { type Sample, samplers } from './samples.ts';
import { apply, gap, given, randomFrom, value } from './support.ts';

type Index = number[];

const indexOf = (shape: Shape, flat: number): Index =>
  stridesOf(shape).map((stride, axis) => Math.floor(flat / stride) % shape[axis]);
const at = (x: Value, index: readonly number[]): number =>
  x.data[stridesOf(x.shape).reduce((sum, stride, axis) => sum + stride * index[axis], 0)];
const indicesOf = (shape: Shape): Index[] => Array.from({ length: sizeOf(shape) }, (_, i) => indexOf(shape, i));

/** A result of `shape` by its value at each index. */
const tabulated = (like: Value, element: (index: Index) => number): Value =>
  value(like.shape, like.dtype, (i) => element(indexOf(like.shape, i)));

/** The sum over all elements of x that an index picks. */
const summed = (x: Value, picks: (index: Index) => boolean): number =>
  indicesOf(x.shape).reduce((sum, index) => (picks(index) ? sum + at(x, index) : sum), 0);

// biome-ignore lint/suspicious/noExplicitAny: each definition knows its own params
type Definition = (inputs: readonly Value[], params: any, output: Value) => Value;

const extreme =
  (pick: (...x: number[]) => number): Definition =>
  ([x], { axes }, output) =>
    tabulated(output, (index) =>
      pick(
        ...indicesOf(x.shape)
          .filter((i) => i.filter((_, axis) => !axes.includes(axis)).every((v, k) => v === index[k]))
          .map((i) => at(x, i)),
      ),
    );

const definitions: { [P in PrimitiveName]?: Definition } = {
  reshape: ([x], _params, output) => value(output.shape, output.dtype, (i) => x.data[i]),
  broadcast: ([x], { axes }, output) =>
    tabulated(output, (index) =>
      at(
        x,
        axes.map((axis: number) => index[axis]),
      ),
    ),
  permute: ([x], { permutation }, output) =>
    tabulated(output, (index) =>
      at(
        x,
        permutation.map((_: number, axis: number) => index[permutation.indexOf(axis)]),
      ),
    ),
  reverse: ([x], { axes }, output) =>
    tabulated(output, (index) =>
      at(
        x,
        index.map((v, axis) => (axes.includes(axis) ? x.shape[axis] - 1 - v : v)),
      ),
    ),
  roll: ([x], { axis, shift }, output) =>
    tabulated(output, (index) => at(x, index.with(axis, (index[axis] + shift) % x.shape[axis]))),
  slice: ([x], { starts, strides }, output) =>
    tabulated(output, (index) =>
      at(
        x,
        index.map((v, axis) => starts[axis] + v * strides[axis]),
      ),
    ),
  pad: ([x], { low, interior, value: fill }, output) =>
    tabulated(output, (index) => {
      const source = index.map((v, axis) => (v - low[axis]) / (interior[axis] + 1));
      const inside = source.every((v, axis) => Number.isInteger(v) && v >= 0 && v < x.shape[axis]);
      return inside ? at(x, source) : fill;
    }),
  concat: (inputs, { axis }, output) =>
    tabulated(output, (index) => {
      let place = index[axis];
      for (const x of inputs) {
        if (place < x.shape[axis]) return at(x, index.with(axis, place));
        place -= x.shape[axis];
      }
      return Number.NaN;
    }),
  gather: ([x, indices], { axis }, output) =>
    tabulated(output, (index) => {
      const rank = indices.shape.length;
      const place = at(indices, index.slice(axis, axis + rank));
      if (place < 0 || place >= x.shape[axis]) return 0;
      return at(x, [...index.slice(0, axis), place, ...index.slice(axis + rank)]);
    }),
  scatter_add: ([updates, indices], { axis }, output) =>
    tabulated(output, (index) =>
      summed(updates, (i) => {
        const rank = indices.shape.length;
        const to = [...i.slice(0, axis), at(indices, i.slice(axis, axis + rank)), ...i.slice(axis + rank)];
        return to.every((v, k) => v === index[k]);
      }),
    ),
  iota: (_inputs, { axis }, output) => tabulated(output, (index) => index[axis]),
  one_hot: ([indices], _params, output) =>
    tabulated(output, (index) => (at(indices, index.slice(0, -1)) === index.at(-1) ? 1 : 0)),
  windows: ([x], { axis, stride, dilation }, output) =>
    tabulated(output, (index) => at(x, index.toSpliced(axis, 2, index[axis] * stride + index[axis + 1] * dilation))),
  fold: ([x], { axis, stride, dilation }, output) =>
    tabulated(output, (index) =>
      summed(x, (i) => i.toSpliced(axis, 2, i[axis] * stride + i[axis + 1] * dilation).every((v, k) => v === index[k])),
    ),
  reduce_sum: ([x], { axes }, output) =>
    tabulated(output, (index) =>
      summed(x, (i) => i.filter((_, axis) => !axes.includes(axis)).every((v, k) => v === index[k])),
    ),
  reduce_max: extreme(Math.max),
  reduce_min: extreme(Math.min),
  argmax: ([x], { axis }, output) =>
    tabulated(output, (index) => {
      const line = Array.from({ length: x.shape[axis] }, (_, k) => at(x, index.toSpliced(axis, 0, k)));
      return line.indexOf(Math.max(...line));
    }),
  argmin: ([x], { axis }, output) =>
    tabulated(output, (index) => {
      const line = Array.from({ length: x.shape[axis] }, (_, k) => at(x, index.toSpliced(axis, 0, k)));
      return line.indexOf(Math.min(...line));
    }),
  argtopk: ([x], { axis, k }, output) =>
    tabulated(output, (index) => {
      const line = Array.from({ length: x.shape[axis] }, (_, i) => at(x, index.with(axis, i)));
      const places = line.map((_, i) => i).sort((a, b) => line[b] - line[a] || a - b);
      return places.slice(0, k)[index[axis]];
    }),
  and: ([x, y], _params, output) => value(output.shape, output.dtype, (i) => x.data[i] & y.data[i]),
  cumsum: ([x], { axis, exclusive, reverse }, output) =>
    tabulated(output, (index) => {
      let sum = 0;
      for (let k = 0; k < x.shape[axis]; k++) {
        const before = reverse ? k > index[axis] : k < index[axis];
        if (before || (!exclusive && k === index[axis])) sum += at(x, index.with(axis, k));
      }
      return sum;
    }),
  dot: ([x, y], { lhs, rhs, out }: DotParams, output) => {
    const labels = [...new Set([...lhs, ...rhs])];
    const extents = labels.map((l) => (lhs.includes(l) ? x.shape[lhs.indexOf(l)] : y.shape[rhs.indexOf(l)]));
    return tabulated(output, (index) =>
      indicesOf(extents).reduce((sum, i) => {
        const of = (label: number): number => i[labels.indexOf(label)];
        if (!out.every((label, k) => of(label) === index[k])) return sum;
        return sum + at(x, lhs.map(of)) * at(y, rhs.map(of));
      }, 0),
    );
  },
};

describe.each(Object.keys(definitions) as PrimitiveName[])('%s', (name) => {
  it('is what it is defined to be', () => {
    const samples = samplers[name](randomFrom(5)) as unknown as Sample<Params>[];
    for (const { inputs, params } of samples) {
      const actual = apply(name, inputs, params);
      const expected = (definitions[name] as Definition)(inputs, params, actual);
      expect(gap(actual, expected), JSON.stringify(params)).toBeLessThan(1e-14);
    }
  });
});

describe('large operands', () => {
  const random = randomFrom(3);
  const filled = (...shape: number[]) => value(shape, 'float64', () => random() - 0.5);

  it.each([
    [33, 70, 5],
    [7, 129, 1100],
    [64, 3, 2],
    [1, 300, 1],
  ])('dot of [%i, %i] and [%i]', (m, k, n) => {
    const x = filled(m, k);
    const y = filled(k, n);
    const actual = apply('dot', [x, y], { lhs: [0, 1], rhs: [1, 2], out: [0, 2] });
    const expected = value([m, n], 'float64', (i) => {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += x.data[Math.floor(i / n) * k + p] * y.data[p * n + (i % n)];
      return sum;
    });
    expect(gap(actual, expected)).toBeLessThan(1e-13);
  });

  it('float32 sums are kept in float64 and rounded once', () => {
    const ones = value([100000], 'float32', () => 0.1);
    const exact = Math.fround(100000 * Math.fround(0.1));
    expect(apply('reduce_sum', [ones], { axes: [0] }).data[0]).toBe(exact);
    const dotted = apply('dot', [ones, value([100000], 'float32', () => 1)], { lhs: [0], rhs: [0], out: [] });
    expect(dotted.data[0]).toBe(exact);
  });

  it('a permute of a large matrix', () => {
    const x = filled(200, 301);
    const actual = apply('permute', [x], { permutation: [1, 0] });
    expect(actual.data.every((v, i) => v === x.data[(i % 200) * 301 + Math.floor(i / 200)])).toBe(true);
  });

  it('an extreme of int32, and of nothing', () => {
    expect(apply('reduce_max', [given([2], [-5, -9], 'int32')], { axes: [0] }).data[0]).toBe(-5);
    expect(apply('reduce_min', [given([2], [5, 9], 'int32')], { axes: [0] }).data[0]).toBe(5);
    expect(apply('reduce_max', [given([0], [])], { axes: [0] }).data[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(apply('reduce_max', [given([3], [1, Number.NaN, 2])], { axes: [0] }).data[0]).toBeNaN();
  });
});
