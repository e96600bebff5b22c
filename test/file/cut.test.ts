/** How a matrix is cut into strips: every seed once, no strip too large, tiles and chunks where they should end. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunksFor } from '../../src/file/chunks.ts';
import { cutStrips, tilesOfStrips } from '../../src/file/cut.ts';
import type { Placement } from '../../src/pool/job.ts';
import { partOf, type StripedMatrix } from '../../src/stitch/strip.ts';

const matrices = fc.record({
  sizes: fc.array(fc.record({ count: fc.integer({ min: 1, max: 300 }), width: fc.integer({ min: 1, max: 80 }) }), {
    minLength: 1,
    maxLength: 6,
  }),
  others: fc.integer({ min: 1, max: 500 }),
  placement: fc.constantFrom<Placement>('symmetric', 'column', 'row'),
  dtype: fc.constantFrom('float32' as const, 'float64' as const),
  most: fc.integer({ min: 1, max: 1 << 20 }),
  chunked: fc.boolean(),
});

describe('strips', () => {
  test('have every seed once, and tiles no wider than their groups', () => {
    const run = ({
      sizes,
      others,
      placement,
      dtype,
      most,
      chunked,
    }: typeof matrices extends fc.Arbitrary<infer T> ? T : never) => {
      let first = 0;
      const groups = sizes.map(({ count, width }) => {
        first += count;
        return { first: first - count, limit: first, width: Math.min(width, count) };
      });
      const seeds = first;
      const shape =
        placement === 'symmetric' ? [seeds, seeds] : placement === 'row' ? [seeds, others] : [others, seeds];
      const matrix: StripedMatrix = { placement, rows: shape[0], columns: shape[1], dtype };
      const chunks = chunksFor(matrix, most);
      const multiple = chunks[placement === 'row' ? 0 : 1];
      const strips = cutStrips(matrix, groups, most, chunked ? multiple : undefined);
      expect(strips.map((strip) => strip.first)).toEqual([0, ...strips.slice(0, -1).map((strip) => strip.limit)]);
      expect(strips.at(-1)?.limit).toBe(seeds);
      const size = dtype === 'float32' ? 4 : 8;
      for (const strip of strips) {
        const { rows, columns } = partOf(matrix, strip);
        const alone = strip.limit - strip.first === 1 || (chunked && strip.limit - strip.first <= multiple);
        expect(rows * columns * size <= most || alone).toBe(true);
        if (chunked) expect(strip.first % multiple).toBe(0);
      }
      const seen = new Array(seeds).fill(0);
      for (const { group, start, count, strip = -1 } of tilesOfStrips(groups, strips)) {
        expect(count).toBeLessThanOrEqual(groups[group].width);
        expect(start >= strips[strip].first && start + count <= strips[strip].limit).toBe(true);
        expect(start >= groups[group].first && start + count <= groups[group].limit).toBe(true);
        for (let s = start; s < start + count; s++) seen[s]++;
      }
      expect(seen.every((times) => times === 1)).toBe(true);
    };
    fc.assert(fc.property(matrices, run), { numRuns: 100, seed: 1, endOnFailure: true });
  });

  test('end where tiles end, where they may', () => {
    const matrix = { placement: 'column', rows: 1000, columns: 1000, dtype: 'float32' } as const;
    const groups = [
      { first: 0, limit: 100, width: 48 },
      { first: 100, limit: 1000, width: 50 },
    ];
    const limits = cutStrips(matrix, groups, 260 * 4000, undefined).map(({ limit }) => limit);
    expect(limits.slice(0, 3)).toEqual([48, 100, 150]);
    expect(limits.at(-1)).toBe(1000);
  });

  test('of a large symmetric matrix are large, and wider as they grow shorter', () => {
    const n = 60_135;
    const matrix = { placement: 'symmetric', rows: n, columns: n, dtype: 'float32' } as const;
    const strips = cutStrips(matrix, [{ first: 0, limit: n, width: 107 }], 2 ** 27, undefined);
    expect(strips.length).toBeLessThan(70);
    const widths = strips.map(({ first, limit }) => limit - first);
    expect(widths.slice(0, -1).every((width, k) => k === 0 || width >= widths[k - 1])).toBe(true);
    expect(chunksFor(matrix, 2 ** 27)).toEqual([512, 512]);
  });
});
