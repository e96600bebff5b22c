/** Rows through the stage: every size, stride and direction, and nothing written beside them. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PAGE_BYTES } from '../../src/fusion/web-assembly.ts';
import { newSharedMemory } from '../../src/stitch/kernels.ts';
import { goesAcross, newResultMemory, ROOM_BYTES, Stage, stageOf } from '../../src/stitch/result-memory.ts';
import { writeStaged } from '../../src/stitch/write-staged.ts';

const BYTES = 8 << 20;
const shared = newSharedMemory((BYTES + ROOM_BYTES) / PAGE_BYTES + 1);

describe.each([
  ['float32', Float32Array],
  ['float64', Float64Array],
] as const)('%s', (dtype, Data) => {
  const stage = new Stage(shared, BYTES, dtype);
  const size = BYTES / Data.BYTES_PER_ELEMENT;
  const target =
    dtype === 'float32' ? new Float32Array(shared.buffer, 0, size) : new Float64Array(shared.buffer, 0, size);
  const beyond = new Uint8Array(shared.buffer, BYTES + ROOM_BYTES);
  const source = new Data(900_000).map((_, i) => i + 1);

  const shapes = fc.record({
    rows: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 5000 })),
    length: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 20_000 })),
    gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })),
    from: fc.nat(3),
    start: fc.nat(9),
    apart: fc.nat(9),
    turned: fc.boolean(),
  });

  test('any rows', () => {
    fc.assert(
      fc.property(shapes, ({ rows, length, gap, from, start, apart, turned }) => {
        const stride = (turned ? rows : length) + apart;
        const lines = turned ? length : rows;
        const fromStride = length + gap;
        fc.pre(from + rows * fromStride <= source.length && start + lines * stride <= target.length);
        const end = start + lines * stride;
        target.fill(-1, 0, end + 16);
        writeStaged(stage, { array: source, from, fromStride, rows, length, start, stride, turned });
        const want = new Data(end + 16).fill(-1);
        for (let i = 0; i < rows; i++) {
          for (let k = 0; k < length; k++) {
            want[start + (turned ? k * stride + i : i * stride + k)] = source[from + i * fromStride + k];
          }
        }
        expect(Buffer.compare(Buffer.from(want.buffer), Buffer.from(shared.buffer, 0, want.byteLength))).toBe(0);
      }),
      { numRuns: 80 },
    );
    expect(beyond.every((byte) => byte === 0)).toBe(true);
  });
});

describe('the memory of a result', () => {
  test('has rooms where tiles go across rows, and is as ordinary as can be elsewhere', () => {
    const large = newResultMemory(3 << 20, 2);
    expect(large.memory?.buffer).toBe(large.buffer);
    expect(large.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(stageOf(large, 1, 'float64')?.room.byteLength).toBe(ROOM_BYTES);
    expect(stageOf(large, 2, 'float64')).toBeUndefined();
    const [small, plain] = [newResultMemory(1000, 2), newResultMemory(3 << 20, 0)];
    expect([small.memory, small.buffer.byteLength, stageOf(small, 0, 'float32')]).toEqual([null, 1000, undefined]);
    expect([plain.memory, plain.buffer.byteLength]).toEqual([null, 3 << 20]);
  });

  test('rows go along, columns and mirrored ones across', () => {
    const output = { offset: 0, size: 5 };
    expect(goesAcross({ placement: 'row', outputs: [{ ...output, batch: 'leading' }] })).toBe(false);
    expect(goesAcross({ placement: 'row', outputs: [{ ...output, batch: 'trailing' }] })).toBe(true);
    expect(goesAcross({ placement: 'column', outputs: [{ ...output, batch: 'trailing' }] })).toBe(true);
    expect(goesAcross({ placement: 'symmetric', outputs: [{ ...output, batch: 'leading' }] })).toBe(true);
    expect(goesAcross({ placement: 'symmetric', outputs: [{ ...output, batch: 'leading', placed: true }] })).toBe(
      false,
    );
  });
});
