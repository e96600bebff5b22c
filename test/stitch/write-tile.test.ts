/** Tiles in their places: every placement and layout, ragged and mirrored, trimmed, and checked for finite numbers. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PAGE_BYTES } from '../../src/fusion/web-assembly.ts';
import type { Value } from '../../src/ir/aval.ts';
import type { Group, Placement, Tile, TileOutput } from '../../src/pool/job.ts';
import { newSharedMemory } from '../../src/stitch/kernels.ts';
import { ROOM_BYTES, Stage } from '../../src/stitch/result-memory.ts';
import { TileMemory } from '../../src/stitch/tile-memory.ts';
import { ALL_FINITE, writeTile } from '../../src/stitch/write-tile.ts';

const memory = new TileMemory();
/** Room for the largest matrix below, and a stage behind it. */
const STAGE_AT = 2 << 20;
const shared = newSharedMemory((STAGE_AT + ROOM_BYTES) / PAGE_BYTES);

type Entry = (i: number, k: number) => number;

const groupOf = (placement: Placement, width: number, outputs: readonly TileOutput[]): Group => ({
  artifact: 0,
  sources: [],
  first: 0,
  limit: 0,
  width,
  placement,
  outputs,
});

/** What a tile program would give: entries of `m` for the seeds there are, NaN for those of the padding. */
const compute = (
  group: Group,
  tile: Tile,
  Data: Float64ArrayConstructor | Float32ArrayConstructor,
  m: Entry,
): Value[] =>
  group.outputs.map(({ offset, size, batch }) => {
    const data = new Data(group.width * size).fill(Number.NaN);
    for (let s = 0; s < tile.count; s++) {
      for (let e = 0; e < size; e++) {
        data[batch === 'leading' ? s * size + e : e * group.width + s] = m(tile.start + s, offset + e);
      }
    }
    const dtype = Data === Float64Array ? 'float64' : 'float32';
    return { shape: batch === 'leading' ? [group.width, size] : [size, group.width], dtype, data };
  });

/** Cuts 0 … n−1 at the given points. */
const cut = (n: number, points: readonly number[]): [number, number][] => {
  const bounds = [...new Set([0, ...points.map((p) => p % n), n])].sort((a, b) => a - b);
  return bounds.slice(1).map((to, i) => [bounds[i], to]);
};

const sizes = fc.record({
  n: fc.integer({ min: 1, max: 300 }),
  groupPoints: fc.array(fc.nat(), { maxLength: 3 }),
  entryPoints: fc.array(fc.nat(), { maxLength: 3 }),
  width: fc.integer({ min: 1, max: 90 }),
  leading: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  order: fc.infiniteStream(fc.nat()),
  float64: fc.boolean(),
});

describe('any cut into groups, outputs and tiles gives the matrix', () => {
  test.each([
    ['row', false],
    ['column', false],
    ['symmetric', false],
    ['row', true],
    ['column', true],
    ['symmetric', true],
  ] as const)('%s, staged: %s', (placement, staged) => {
    fc.assert(
      fc.property(sizes, ({ n, groupPoints, entryPoints, width, leading, order, float64 }) => {
        const Data = float64 ? Float64Array : Float32Array;
        // Only the half from the diagonal on counts where the matrix is symmetric; the other half is made to differ.
        const m: Entry = (i, k) => (placement === 'symmetric' && k < i ? -1 : i * 1000 + k + 1);
        const columns = placement === 'row' ? n + 3 : n;
        const rows = placement === 'column' ? n + 2 : n;
        const others = placement === 'row' ? columns : rows;
        const size = rows * columns;
        const buffer = staged ? shared.buffer : new SharedArrayBuffer(size * Data.BYTES_PER_ELEMENT);
        const data = float64 ? new Float64Array(buffer, 0, size) : new Float32Array(buffer, 0, size);
        data.fill(Number.NaN);
        const stage = staged ? new Stage(shared, STAGE_AT, float64 ? 'float64' : 'float32') : undefined;
        const work: [Group, Tile][] = [];
        for (const [first, limit] of cut(n, groupPoints)) {
          const from = placement === 'symmetric' ? first : 0;
          const outputs = cut(others - from, entryPoints).map(([a, b], o): TileOutput => {
            return { offset: from + a, size: b - a, batch: leading[o] ? 'leading' : 'trailing' };
          });
          const group = groupOf(placement, width, outputs);
          for (let start = first; start < limit; start += width) {
            work.push([group, { group: 0, start, count: Math.min(width, limit - start) }]);
          }
        }
        const keyed = work.map((item) => ({ item, key: order.next().value as number }));
        for (const { item } of keyed.sort((a, b) => a.key - b.key)) {
          const [group, tile] = item;
          const view = { data, row0: 0, column0: 0, stride: columns, stage };
          expect(writeTile(view, memory, group, tile, compute(group, tile, Data, m))).toBe(ALL_FINITE);
        }
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < columns; c++) {
            const [i, k] = placement === 'column' || (placement === 'symmetric' && c < r) ? [c, r] : [r, c];
            if (data[r * columns + c] !== Data.of(m(i, k))[0])
              throw new Error(`M[${r}, ${c}] is ${data[r * columns + c]}`);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a number that is not finite', () => {
  const n = 200;
  const width = 8;
  const tile = { group: 0, start: 64, count: 5 };
  const spoiledBy = (placement: Placement, batch: TileOutput['batch'], places: [number, number, number][]): number => {
    const group = groupOf(placement, width, [
      { offset: 0, size: 150, batch },
      { offset: 150, size: 50, batch },
    ]);
    const m: Entry = (i, k) => places.find(([a, b]) => a === i && b === k)?.[2] ?? 1;
    const data = new Float64Array(n * n);
    return writeTile(
      { data, row0: 0, column0: 0, stride: n },
      memory,
      group,
      tile,
      compute(group, tile, Float64Array, m),
    );
  };

  test.each(['leading', 'trailing'] as const)('is found in the first column that has one; batch axis %s', (batch) => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const places: [number, number, number][] = [
        [66, 190, bad],
        [65, 70, bad],
        [68, 69, bad],
      ];
      expect(spoiledBy('row', batch, places)).toBe(69);
      expect(spoiledBy('column', batch, places)).toBe(65);
      expect(spoiledBy('symmetric', batch, places)).toBe(65);
    }
  });

  test('does not count in the padding, nor in the half that the mirror fills', () => {
    for (const placement of ['row', 'column', 'symmetric'] as const) {
      expect(spoiledBy(placement, 'leading', [[69, 100, Number.NaN]])).toBe(ALL_FINITE);
    }
    expect(spoiledBy('symmetric', 'trailing', [[66, 65, Number.NaN]])).toBe(ALL_FINITE);
    expect(spoiledBy('symmetric', 'trailing', [[66, 66, Number.NaN]])).toBe(66);
  });

  test('is not seen where the numbers are only large', () => {
    expect(spoiledBy('row', 'leading', [[65, 3, Number.MAX_VALUE]])).toBe(ALL_FINITE);
  });
});

test('outputs that do not fit their group are refused', () => {
  const group = groupOf('row', 2, [{ offset: 0, size: 3, batch: 'leading' }]);
  const view = { data: new Float64Array(6), row0: 0, column0: 0, stride: 3 };
  const tile = { group: 0, start: 0, count: 2 };
  const value = (data: Value['data']): Value => ({ shape: [data.length], dtype: 'float64', data });
  expect(() => writeTile(view, memory, group, tile, [])).toThrow('0 outputs where its group places 1');
  expect(() => writeTile(view, memory, group, tile, [value(new Float64Array(5))])).toThrow('needs 2 × 3');
  expect(() => writeTile(view, memory, group, tile, [value(new Float32Array(6))])).toThrow('own dtype');
});

test.each(['row', 'column', 'symmetric'] as const)('entries with places of their own, %s', (placement) => {
  // Of 5 entries from 1 on, each seed has two, that begin where it says; the second seed has none.
  const group = groupOf(placement, 4, [{ offset: 1, size: 2, batch: 'leading', placed: true }]);
  const tile = { group: 0, start: 2, count: 3 };
  const values: Value[] = [
    { shape: [4, 2], dtype: 'float64', data: Float64Array.of(1, 2, Number.NaN, Number.NaN, 5, 6, 7, 8) },
    { shape: [4], dtype: 'int32', data: Int32Array.of(0, -1, 3, 0) },
  ];
  const data = new Float64Array(36);
  const view = { data, row0: 0, column0: 0, stride: 6 };
  expect(writeTile(view, memory, group, tile, values)).toBe(ALL_FINITE);
  const want = new Float64Array(36);
  const at = (row: number, column: number, value: number): void => {
    if (placement !== 'column') want[row * 6 + column] = value;
    if (placement !== 'row') want[column * 6 + row] = value;
  };
  // Seed 2 has entries 1 and 2, seed 4 has 4 and 5.
  if (placement !== 'symmetric') at(2, 1, 1);
  at(2, 2, 2);
  at(4, 4, 5);
  at(4, 5, 6);
  expect(data).toEqual(want);
  values[0].data[5] = Number.NEGATIVE_INFINITY;
  expect(writeTile(view, memory, group, tile, values)).toBe(placement === 'row' ? 5 : 4);
});
