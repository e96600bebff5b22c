/** What a plan prints: the cost model's figures, group by group, short enough to be read. */

import { describe, expect, test } from 'vitest';
import type { Atom, Program } from '../../src/ir/program.ts';
import { flopsOf, movedBytesOf, nodesOf, stitchNanoseconds } from '../../src/plan/cost.ts';
import { cheaperEngine } from '../../src/plan/engines.ts';
import type { Levers } from '../../src/plan/levers.ts';
import { matrixBytes } from '../../src/plan/memory.ts';
import { Plan } from '../../src/plan/plan.ts';
import { planHessian } from '../../src/plan/planner.ts';
import { newOps } from '../../src/primitives/table.ts';

/** A network with a hidden layer of 64 over 32 samples, as large as contraction needs to pay. */
const network = (): Program => {
  const ops = newOps();
  const w1 = ops.input({ shape: [16, 64], dtype: 'float64' });
  const w2 = ops.input({ shape: [64, 8], dtype: 'float64' });
  const data = ops.input({ shape: [32, 16], dtype: 'float64' });
  const product = { lhs: [0, 1], rhs: [1, 2], out: [0, 2] };
  const out = ops.dot(ops.unary('tanh', ops.dot(data, w1, product)), w2, product);
  return ops.build([ops.sum(ops.mul(out, out), [0, 1])]);
};

/** Σ_k Σ sin(leaf_k), one leaf like the other: leaves of the lengths given. */
const separate = (lengths: readonly number[]): Program => {
  const ops = newOps();
  const sums = lengths.map((length): Atom => {
    return ops.sum(ops.unary('sin', ops.input({ shape: [length], dtype: 'float64' })), [0]);
  });
  return ops.build([sums.reduce((a, b) => ops.add(a, b))]);
};

const planOf = (program: Program, leaves: number, levers: Partial<Levers> = {}) =>
  planHessian({ program, leaves, precision: 'float64', nbatches: 'auto', recomputed: 0, levers }, true);

const printed = (planned: ReturnType<typeof planOf>): string[] =>
  String(new Plan([{ planned, circumstances: { workers: 2, held: matrixBytes(planned) } }])).split('\n');

describe('prices', () => {
  test('are those of the tile programs', () => {
    const planned = planOf(network(), 2, { contraction: 'never', batchAxis: 'leading' });
    for (const [k, { program, width, outputs, placement }] of planned.groups.entries()) {
      const { flops, bytes, nodes, nanoseconds, against } = planned.prices[k];
      expect({ flops, bytes, nodes }).toEqual({
        flops: flopsOf(program),
        bytes: movedBytesOf(program),
        nodes: nodesOf(program),
      });
      const stitching = stitchNanoseconds(outputs, width, placement);
      expect(nanoseconds).toBe((cheaperEngine(program, { native: true }).nanoseconds + stitching) / width);
      expect(against).toEqual([]);
    }
  });

  test('the way taken is the cheapest that fits', () => {
    const { prices } = planOf(network(), 2);
    expect(prices.some(({ shaping }) => shaping === 'contracted')).toBe(true);
    // Later parts of a leaf are made like its first one.
    expect(prices[0].against.length).toBeGreaterThan(0);
    for (const { nanoseconds, against } of prices) {
      for (const way of against) if (way.fits) expect(way.nanoseconds).toBeGreaterThanOrEqual(nanoseconds);
    }
  });

  test('bytes: operands and results as large as they are kept, views for nothing', () => {
    const ops = newOps();
    const x = ops.input({ shape: [4], dtype: 'float32' });
    const y = ops.input({ shape: [3, 4], dtype: 'float32' });
    const program = ops.build([ops.mul(ops.reshape(ops.add(y, ops.broadcast(x, [3, 4], [1])), [12]), 2)]);
    // add: 12 and 4 read, 12 written; mul: 12 read, 12 written.
    expect(movedBytesOf(program)).toBe(4 * (12 + 4 + 12 + 12 + 12));
    expect(nodesOf(program)).toBe(2);
  });
});

describe('the table', () => {
  test('says what was chosen and instead of what', () => {
    const lines = printed(planOf(network(), 2));
    expect(lines.find((line) => line.includes('instead of'))).toMatch(/group +seeds +tiles .*FLOP.*µs\/seed/);
    expect(lines.some((line) => /0…\d+ .* contracted .* leading [\d.]+.*trailing [\d.]+/.test(line))).toBe(true);
  });

  test('joins neighbours that differ in nothing', () => {
    const lines = printed(planOf(separate([100, 100, 100, 7]), 4, { groups: 'each leaf', trimming: false }));
    expect(lines.filter((line) => /0–2 +0…299 /.test(line))).toHaveLength(1);
    expect(lines.filter((line) => /^ {2}3 +300…306 /.test(line))).toHaveLength(1);
  });

  test('has at most 16 lines, of the groups that take most', () => {
    const lengths = Array.from({ length: 40 }, (_, k) => 64 + 32 * k);
    const lines = printed(planOf(separate(lengths), 40, { groups: 'each leaf', splitting: 'never' }));
    expect(lines.filter((line) => /\d+…\d+ .*(leading|trailing)/.test(line))).toHaveLength(16);
    expect(lines.find((line) => line.includes('not shown'))).toMatch(/24 cheaper groups, [\d.]+ µs together/);
  });
});
