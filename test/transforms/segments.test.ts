/** Where a program is cut for checkpoints, and what is recomputed first. */

import { describe, expect, test } from 'vitest';
import type { Atom, Program } from '../../src/ir/program.ts';
import { newOps } from '../../src/primitives/table.ts';
import { outputsEarly } from '../../src/transforms/outputs-early.ts';
import { segmentsOf } from '../../src/transforms/segments.ts';
import { chain } from '../plan/programs.ts';

const ACTIVE = [true, false];
const SHARES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1];

const recomputedOf = (program: Program, share: number): Set<Atom> =>
  new Set(
    segmentsOf(program, ACTIVE, share)
      .filter(({ recomputed }) => recomputed)
      .flatMap(({ program: { equations } }) => equations.map((e) => e.output)),
  );

describe('segments', () => {
  test('are the program, in its order', () => {
    const program = chain(30, 5);
    for (const share of SHARES) {
      const equations = segmentsOf(program, ACTIVE, share).flatMap((segment) => segment.program.equations);
      expect(equations).toEqual(program.equations);
    }
  });

  test.each([16, 60, 400])('of a chain of %i equal steps are about √depth', (depth) => {
    const { length } = segmentsOf(chain(depth, 5), ACTIVE, 1);
    expect(length).toBeGreaterThan(0.6 * Math.sqrt(depth));
    expect(length).toBeLessThan(1.7 * Math.sqrt(depth));
  });

  test('recomputed are more with a larger share, those of any smaller one among them, and at least so much', () => {
    const program = chain(60, 5);
    let before = new Set<Atom>();
    for (const share of SHARES) {
      const now = recomputedOf(program, share);
      for (const a of before) expect(now.has(a)).toBe(true);
      // Every equation has the same bytes here.
      expect(now.size / program.equations.length).toBeGreaterThan(share - 0.02);
      expect(now.size / program.equations.length).toBeLessThan(share + 0.2);
      before = now;
    }
    expect(before.size).toBe(program.equations.length);
  });

  test('are cut where few bytes cross', () => {
    // Steps of a wide value that comes from a narrow one, and goes back to it.
    const ops = newOps();
    let x: Atom = ops.input({ shape: [4], dtype: 'float64' });
    const w = ops.input({ shape: [4, 64], dtype: 'float64' });
    for (let i = 0; i < 25; i++) {
      const wide = ops.unary('tanh', ops.dot(x, w, { lhs: [0], rhs: [0, 1], out: [1] }));
      x = ops.dot(ops.unary('sin', wide), w, { lhs: [0], rhs: [1, 0], out: [1] });
    }
    const segments = segmentsOf(ops.build([ops.sum(x, [0])]), ACTIVE, 1);
    expect(segments.length).toBeGreaterThan(3);
    for (const { takes } of segments) {
      const own = takes.filter((v) => v !== w);
      expect(own.map((v) => v.aval.shape)).toEqual([[4]]);
    }
  });

  test('without a product go first: they save as much for less', () => {
    const ops = newOps();
    let x: Atom = ops.input({ shape: [32], dtype: 'float64' });
    const w = ops.input({ shape: [32, 32], dtype: 'float64' });
    for (let i = 0; i < 30; i++) x = ops.unary('tanh', ops.dot(x, w, { lhs: [0], rhs: [0, 1], out: [1] }));
    for (let i = 0; i < 30; i++) x = ops.unary('sin', x);
    const program = ops.build([ops.sum(x, [0])]);
    const products = (share: number): number => {
      const recomputed = recomputedOf(program, share);
      return program.equations.filter((e) => e.primitive === 'dot' && recomputed.has(e.output)).length;
    };
    expect(recomputedOf(program, 0.3).size).toBeGreaterThan(10);
    expect(products(0.3)).toBeLessThan(5);
    expect(products(1)).toBe(30);
  });
});

test('outputs are made as soon as they can be', () => {
  // Powers of x, and then the sine of each, as a pullback has it.
  const ops = newOps();
  const x = ops.input({ shape: [3], dtype: 'float64' });
  const values: Atom[] = [x];
  for (let i = 0; i < 8; i++) values.push(ops.unary('tanh', values[i]));
  const outputs = values.slice(1).map((v) => ops.sub(1, ops.mul(v, v)));
  const program = ops.build(outputs);
  const early = outputsEarly(program);
  expect(new Set(early.equations)).toEqual(new Set(program.equations));
  // Each value with what is made of it, and the next.
  const places = new Map(early.equations.map((e, i) => [e.output as Atom, i]));
  for (const [i, v] of values.slice(1).entries()) {
    expect((places.get(outputs[i]) as number) - (places.get(v) as number)).toBeLessThanOrEqual(3);
  }
});
