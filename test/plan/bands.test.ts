/** Unit vectors that stay what they are to the end: matrices that are known to be zero off some bands. */

import { expect, test } from 'vitest';
import type { Value } from '../../src/ir/aval.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import { planHessian, planJacobian } from '../../src/plan/planner.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';
import { planRequest } from './programs.ts';
import { maxDifference, runOnEngine, runPlanned } from './run-planned.ts';

const ROWS = 12;
const COLUMNS = 10;

const pointOf = (shape: readonly number[]): Value => {
  const size = shape.reduce((product, d) => product * d, 1);
  return { shape, dtype: 'float64', data: Float64Array.from({ length: size }, (_, i) => Math.sin(3 * i + 1)) };
};

const programOf = (shape: readonly number[], build: (ops: Ops, x: Atom) => Atom): Program => {
  const ops = newOps();
  return ops.build([build(ops, ops.input({ shape, dtype: 'float64' }))]);
};

/** A nonlinear diffusion on a grid whose edge is zero: five points of u for one of the result. */
const stencil = (ops: Ops, u: Atom): Atom => {
  const padded = ops.pad(u, [1, 1], [1, 1]);
  const shifted = (i: number, j: number): Atom => ops.slice(padded, [i, j], [i + ROWS, j + COLUMNS]);
  const sum = [shifted(0, 1), shifted(2, 1), shifted(1, 0), shifted(1, 2)].reduce((a, b) => ops.add(a, b));
  return ops.sub(ops.mul(sum, u), ops.unary('exp', u));
};

/** Every element one place on, the last one first. */
const rolled = (ops: Ops, x: Atom): Atom => {
  const [n] = x.aval.shape;
  return ops.concat([ops.sliceAxis(x, 0, n - 1, n), ops.sliceAxis(x, 0, 0, n - 1)], 0);
};

const off = { structuredSeeds: false, contraction: 'never' } as const;

const cases: [string, Program][] = [
  ['a five-point stencil', programOf([ROWS, COLUMNS], stencil)],
  ['a ring', programOf([50], (ops, x) => ops.mul(ops.unary('sin', rolled(ops, x)), x))],
  ['an elementwise function', programOf([6, 7], (ops, x) => ops.unary('tanh', ops.mul(x, x)))],
  [
    'rows that are coupled, and not with each other',
    programOf([8, 6], (ops, x) => ops.unary('sin', ops.dot(x, x, { lhs: [0, 1], rhs: [0, 1], out: [0] }))),
  ],
  ['a part of the leaf', programOf([40], (ops, x) => ops.unary('exp', ops.sliceAxis(x, 0, 7, 29)))],
];

test.each(cases)('the Jacobian of %s, of which only the bands are computed', async (_, program) => {
  const inputs = [pointOf(program.inputs[0].aval.shape)];
  const dense = runPlanned(planJacobian(planRequest(program, { nbatches: 'auto', levers: off }), 'forward'), inputs);
  for (const nbatches of [1, 7] as const) {
    const planned = planJacobian(planRequest(program, { nbatches, levers: { contraction: 'always' } }), 'forward');
    expect(planned.groups.flatMap((group) => group.outputs).every(({ placed }) => placed)).toBe(true);
    expect(maxDifference(runPlanned(planned, inputs), dense)).toBeLessThan(1e-14);
    expect(maxDifference(await runOnEngine(planned, inputs), dense)).toBeLessThan(1e-14);
  }
});

test.each(cases)('the Hessian of a sum over %s', async (_, vector) => {
  const ops = newOps();
  const program = (() => {
    const x = ops.input(vector.inputs[0].aval);
    const made = new Map<Atom, Atom>([[vector.inputs[0], x]]);
    for (const e of vector.equations) {
      made.set(
        e.output,
        ops.emit(
          e.primitive,
          e.inputs.map((a) => made.get(a) ?? a),
          e.params,
        ),
      );
    }
    const y = made.get(vector.outputs[0]) as Atom;
    return ops.build([
      ops.sum(
        ops.mul(y, y),
        y.aval.shape.map((_d, i) => i),
      ),
    ]);
  })();
  const inputs = [pointOf(program.inputs[0].aval.shape)];
  const dense = runPlanned(planHessian(planRequest(program, { nbatches: 'auto', levers: off }), false), inputs);
  const scale = dense.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  for (const symmetric of [true, false]) {
    const planned = planHessian(planRequest(program, { nbatches: 5, levers: { contraction: 'always' } }), symmetric);
    expect(maxDifference(runPlanned(planned, inputs), dense) / scale).toBeLessThan(1e-14);
    expect(maxDifference(await runOnEngine(planned, inputs), dense) / scale).toBeLessThan(1e-14);
  }
});

test('transposed entries of one column that fall together are added up', () => {
  const program = programOf([5, 5], (ops, x) => ops.add(x, ops.permute(ops.unary('sin', x), [1, 0])));
  const inputs = [pointOf([5, 5])];
  const dense = runPlanned(planJacobian(planRequest(program, { nbatches: 'auto', levers: off }), 'forward'), inputs);
  const planned = planJacobian(
    planRequest(program, { nbatches: 'auto', levers: { contraction: 'always' } }),
    'forward',
  );
  expect(maxDifference(runPlanned(planned, inputs), dense)).toBeLessThan(1e-15);
});
