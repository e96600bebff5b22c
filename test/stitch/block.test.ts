/** A tile as a block of its own: whole columns or whole rows, row-major. */

import { expect, test } from 'vitest';
import type { Group } from '../../src/pool/job.ts';
import { blockOfTile } from '../../src/stitch/block.ts';
import { TileMemory } from '../../src/stitch/tile-memory.ts';

const memory = new TileMemory();
const matrix = { dtype: 'float32', rows: 3, columns: 4 } as const;
const group = (placement: Group['placement'], size: number): Group => ({
  artifact: 0,
  sources: [],
  first: 0,
  limit: 4,
  width: 3,
  placement,
  outputs: [{ offset: 0, size, batch: 'leading' }],
});
const value = (...numbers: number[]) =>
  ({ shape: [3, numbers.length / 3], dtype: 'float32', data: Float32Array.from(numbers) }) as const;

test('columns stand side by side, the padding is gone', () => {
  const tile = { group: 0, start: 1, count: 2 };
  const { block, spoiled } = blockOfTile(matrix, memory, group('column', 3), tile, [
    value(1, 2, 3, 4, 5, 6, Number.NaN, 0, 0),
  ]);
  expect(block).toEqual({ rows: [0, 3], columns: [1, 3], data: Float32Array.of(1, 4, 2, 5, 3, 6) });
  expect(spoiled).toBe(-1);
});

test('rows stand below each other, and a bad number is named by its column in the matrix', () => {
  const tile = { group: 0, start: 1, count: 2 };
  const outputs = [value(1, 2, 3, 4, 5, 6, Number.NaN, 8, 0, 0, 0, 0)];
  const { block, spoiled } = blockOfTile(matrix, memory, group('row', 4), tile, outputs);
  expect(block).toEqual({
    rows: [1, 3],
    columns: [0, 4],
    data: Float32Array.of(1, 2, 3, 4, 5, 6, Number.NaN, 8),
  });
  expect(spoiled).toBe(2);
});

test('what no output covers is zero, and a symmetric tile is refused', () => {
  const tile = { group: 0, start: 0, count: 1 };
  const { block } = blockOfTile(matrix, memory, group('row', 2), tile, [value(1, 2, 0, 0, 0, 0)]);
  expect(block.data).toEqual(Float32Array.of(1, 2, 0, 0));
  expect(() => blockOfTile(matrix, memory, group('symmetric', 2), tile, [])).toThrow('symmetric');
});
