/** Where arrays lie: two that are needed at the same time never overlap, and memory is used again. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fuse } from '../../src/fusion/fuse.ts';
import { isFusible } from '../../src/fusion/fusible.ts';
import type { Fused } from '../../src/fusion/kernel.ts';
import { layoutOf } from '../../src/fusion/layout.ts';
import { bytesPerElement } from '../../src/ir/aval.ts';
import { newOps } from '../../src/primitives/table.ts';
import { randomProgram } from '../primitives/random-program.ts';
import { randomFrom } from '../primitives/support.ts';
import { stencil } from './programs.ts';

/** Buffers that are written before a call or by it, and read by it or later; outputs lie elsewhere. */
const aliveAt = ({ calls, outputs }: Fused, inputs: number, at: number): number[] => {
  const made = new Set(calls.slice(0, at + 1).map(({ target }) => target));
  const needed = new Set([
    ...calls.slice(at).flatMap(({ sources }) => sources),
    // Written in several calls.
    ...calls.slice(at).map(({ target }) => target),
  ]);
  return [...made].filter((buffer) => buffer >= inputs && needed.has(buffer) && !outputs.includes(buffer));
};

const expectApart = (fused: Fused, inputs: number): void => {
  const { offsets, scratchBytes } = layoutOf(fused, inputs);
  for (let at = 0; at < fused.calls.length; at++) {
    const spans = aliveAt(fused, inputs, at)
      .map((buffer) => {
        const { dtype, size } = fused.buffers[buffer];
        return { first: offsets[buffer], end: offsets[buffer] + size * bytesPerElement(dtype) };
      })
      .sort((a, b) => a.first - b.first);
    for (const [k, { end }] of spans.entries()) expect(end).toBeLessThanOrEqual(spans[k + 1]?.first ?? scratchBytes);
  }
};

describe('a layout', () => {
  test('keeps apart what lives at the same time', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const ops = newOps();
        const program = ops.build(randomProgram(randomFrom(seed), ops, 24).outputs.slice(-3));
        if (isFusible(program)) expectApart(fuse(program), program.inputs.length);
      }),
      { numRuns: 200 },
    );
  });

  test('takes no more room for many steps than for three', () => {
    const bytes = (steps: number): number => layoutOf(fuse(stencil(steps, [16, 16, 4], 'float64')), 1).scratchBytes;
    expect(bytes(50)).toBe(bytes(3));
    expect(bytes(3)).toBe(2 * 16 * 16 * 4 * 8);
  });
});
