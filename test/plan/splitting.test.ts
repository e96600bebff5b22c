/** Wide leaves cut into groups give the same Hessian, each pair computed once. */

import { describe, expect, test } from 'vitest';
import type { Atom, Program } from '../../src/ir/program.ts';
import { flopsOf } from '../../src/plan/cost.ts';
import { planHessian } from '../../src/plan/planner.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';
import { valuesFor } from './programs.ts';
import { maxDifference, runPlanned } from './run-planned.ts';

const sumOfSquares = (ops: Ops, x: Atom): Atom =>
  ops.sum(
    ops.mul(x, x),
    x.aval.shape.map((_, i) => i),
  );

const PROGRAMS: Record<string, { make(ops: Ops): Atom; leaves: number }> = {
  'two layers, two wide leaves and a bias': {
    leaves: 3,
    make: (ops) => {
      const w1 = ops.input({ shape: [9, 120], dtype: 'float64' });
      const bias = ops.input({ shape: [120], dtype: 'float64' });
      const w2 = ops.input({ shape: [120, 9], dtype: 'float64' });
      const data = ops.input({ shape: [4, 9], dtype: 'float64' });
      const product = { lhs: [0, 1], rhs: [1, 2], out: [0, 2] };
      const hidden = ops.dot(data, w1, product);
      const h = ops.unary('tanh', ops.add(hidden, ops.broadcast(bias, [4, 120], [1])));
      return sumOfSquares(ops, ops.unary('softplus', ops.dot(h, w2, product)));
    },
  },
  'a chain of neighbours': {
    leaves: 1,
    make: (ops) => {
      const x = ops.input({ shape: [1030], dtype: 'float64' });
      const [a, b] = [ops.sliceAxis(x, 0, 1, 1030), ops.sliceAxis(x, 0, 0, 1029)];
      return sumOfSquares(ops, ops.sub(a, ops.mul(b, ops.unary('sin', b))));
    },
  },
  'a gradient through a reshape, a permute and a reduction': {
    leaves: 1,
    make: (ops) => {
      const x = ops.input({ shape: [16, 5, 13], dtype: 'float64' });
      const y = ops.permute(ops.reshape(x, [80, 13]), [1, 0]);
      const z = ops.mul(ops.unary('exp', ops.mul(y, 0.1)), ops.broadcast(ops.sum(y, [1]), [13, 80], [0]));
      return sumOfSquares(ops, z);
    },
  },
};

describe.each(Object.entries(PROGRAMS))('%s', (_, { make, leaves }) => {
  const ops = newOps();
  const program: Program = ops.build([make(ops)]);
  const inputs = valuesFor(program);
  const request = (over: Partial<PlanRequest>): PlanRequest => ({
    program,
    leaves,
    precision: 'float64',
    nbatches: 'auto',
    recomputed: 0,
    ...over,
  });

  test.each(['never', 'by price', 'always'] as const)('contraction %s', (contraction) => {
    const whole = planHessian(request({ levers: { splitting: 'never', contraction } }), true);
    const split = planHessian(request({ levers: { splitting: 'always', contraction } }), true);
    expect(split.groups.length).toBeGreaterThan(whole.groups.length);
    const truth = runPlanned(whole, inputs);
    const scale = truth.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    expect(maxDifference(runPlanned(split, inputs), truth) / scale).toBeLessThan(1e-13);
    const work = (planned: typeof whole): number =>
      planned.tiles.reduce((sum, tile) => sum + flopsOf(planned.groups[tile.group].program), 0);
    if (contraction === 'never') expect(work(split)).toBeLessThan(work(whole));
  });

  test('ragged blocks', () => {
    const truth = runPlanned(planHessian(request({ levers: { splitting: 'never' } }), true), inputs);
    const scale = truth.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const split = runPlanned(planHessian(request({ nbatches: 37, levers: { splitting: 'always' } }), true), inputs);
    expect(maxDifference(split, truth) / scale).toBeLessThan(1e-13);
  });
});

describe('by size', () => {
  const groupsOf = (make: (ops: Ops) => Atom, leaves: number): number => {
    const ops = newOps();
    const program = ops.build([make(ops)]);
    const request = { program, leaves, precision: 'float32', nbatches: 'auto', recomputed: 0 } as const;
    return planHessian(request, true).groups.length;
  };

  test('a leaf is cut where its later parts cost less', () => {
    const { make, leaves } = PROGRAMS['two layers, two wide leaves and a bias'];
    expect(groupsOf(make, leaves)).toBeGreaterThan(leaves);
  });

  test('a leaf stays whole where fewer rows take about as long', () => {
    const steps = (ops: Ops): Atom => {
      const w = ops.input({ shape: [32, 32], dtype: 'float32' });
      let h: Atom = ops.input({ shape: [2, 32], dtype: 'float32' });
      const product = { lhs: [0, 1], rhs: [1, 2], out: [0, 2] };
      for (let step = 0; step < 6; step++) h = ops.unary('tanh', ops.dot(h, w, product));
      return sumOfSquares(ops, h);
    };
    expect(groupsOf(steps, 1)).toBe(1);
  });
});
