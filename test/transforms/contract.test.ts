/** Contraction at its edges: terms that cancel, and scales that balance only together. */

import { expect, test } from 'vitest';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { sizeOf, type Value } from '../../src/ir/aval.ts';
import type { Atom } from '../../src/ir/program.ts';
import type { Levers } from '../../src/plan/levers.ts';
import { planHessian, planJacobian } from '../../src/plan/planner.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';
import { contract } from '../../src/transforms/contract/contract.ts';
import { maxDifference, runPlanned } from '../plan/run-planned.ts';

/** 6x − 6x, in a way that only labels show. */
const cancelled = (ops: Ops, x: Atom): Atom => {
  const repeated = ops.permute(ops.broadcast(x, [4, 3, 2], [0]), [2, 1, 0]);
  return ops.sub(ops.mul(x, 6), ops.sum(repeated, [0, 1]));
};

test.each<[string, (ops: Ops, zero: Atom, x: Atom) => Atom, number[]]>([
  ['cumsum', (ops, zero) => ops.cumsum(zero, 0), [0, 0, 0, 0]],
  ['slice', (ops, zero) => ops.sliceAxis(zero, 0, 1, 3), [0, 0]],
  ['concat', (ops, zero, x) => ops.concat([zero, x], 0), [0, 0, 0, 0, 0, 0, 1, 0]],
])('terms that cancel are a zero to %s', (_, use, column) => {
  const ops = newOps();
  const x = ops.input({ shape: [4], dtype: 'float64' });
  const { program, pieces } = contract(
    ops.build([use(ops, cancelled(ops, x), x)]),
    { knownCount: 0, width: 1, shift: 0, structured: true, bands: true },
    4,
  );
  const outputs = evaluateProgram(program, [{ shape: [1], dtype: 'int32', data: Int32Array.from([2]) }]);
  const result = new Array(column.length).fill(0);
  let next = 0;
  for (const { size, placed } of pieces[0]) {
    const { data } = outputs[next++];
    const begin = placed ? outputs[next++].data[0] : 0;
    for (let e = 0; e < size; e++) if (begin >= 0) result[begin + e] = data[e];
  }
  expect(result).toEqual(column);
});

const SIZE = 8;
const C = 1e-25;

/** Products with matrices of 1e25 and constants of 1e-25 in turn, in float32. */
const balanced = (ops: Ops, constantFirst: boolean): { y: Atom; inputs: Value[] } => {
  let y: Atom = ops.input({ shape: [50, SIZE], dtype: 'float32' });
  const w = ops.input({ shape: [SIZE, SIZE], dtype: 'float32' });
  const product = (x: Atom): Atom => ops.dot(x, w, { lhs: [0, 1], rhs: [1, 2], out: [0, 2] });
  for (let i = 0; i < 3; i++) y = constantFirst ? product(ops.mul(y, C)) : ops.mul(product(y), C);
  const matrix = Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % (SIZE + 1) === 0 ? 2e25 : 1e25));
  const point = new Float32Array(50 * SIZE).fill(1);
  return {
    y,
    inputs: [
      { shape: [50, SIZE], dtype: 'float32', data: point },
      { shape: [SIZE, SIZE], dtype: 'float32', data: matrix },
    ],
  };
};

const orders: [Levers['contraction'], boolean, number][] = [];
for (const contraction of ['never', 'always'] as const)
  for (const constantFirst of [true, false])
    for (const nbatches of [1, 50]) orders.push([contraction, constantFirst, nbatches]);

test.each(orders)(
  'constants are multiplied in before products overflow: contraction %s, constant first %s, %i blocks',
  (contraction, constantFirst, nbatches) => {
    const request = (build: (ops: Ops, y: Atom) => Atom): { request: PlanRequest; inputs: Value[] } => {
      const ops = newOps();
      const { y, inputs } = balanced(ops, constantFirst);
      const program = ops.build([build(ops, y)]);
      return {
        request: {
          program,
          leaves: 1,
          precision: 'float32',
          nbatches,
          recomputed: 0,
          levers: { contraction },
        },
        inputs,
      };
    };
    // (I + 11ᵀ)³ = I + (9³ − 1)/8 11ᵀ, once for each row.
    const entry = (i: number, j: number): number => (i === j ? 92 : 91);
    const linear = request((_, y) => y);
    const J = runPlanned(planJacobian(linear.request, 'forward'), linear.inputs);
    const expected = new Float64Array(J.length);
    for (let s = 0; s < 50; s++)
      for (let i = 0; i < SIZE; i++)
        for (let j = 0; j < SIZE; j++) expected[(s * SIZE + i) * 50 * SIZE + s * SIZE + j] = entry(i, j);
    expect(maxDifference(J, expected)).toBeLessThan(1e-4 * 92);

    const square = request((ops, y) => ops.sum(ops.mul(y, y), [0, 1]));
    const H = runPlanned(planHessian(square.request, true), square.inputs);
    // 2 (I + 91 11ᵀ)² = 2 (I + (2·91 + 8·91²) 11ᵀ)
    expect(Math.abs(H[0] - 2 * (1 + 2 * 91 + 8 * 91 ** 2))).toBeLessThan(1e-4 * H[0]);
  },
);

test('terms that differ by constants are added up at the point before they are summed', () => {
  const [S, I, J, K] = [64, 4, 32, 32];
  const ops = newOps();
  const known = (...shape: number[]): Atom => ops.input({ shape, dtype: 'float64' });
  const [a, b, c, d, e, g, h] = [
    known(S, I),
    known(S, J),
    known(J, K),
    known(S, K),
    known(S, J),
    known(S, K),
    known(S, J),
  ];
  const x = ops.input({ shape: [I, J], dtype: 'float64' });
  const matmul = (p: Atom, q: Atom): Atom => ops.dot(p, q, { lhs: [0, 1], rhs: [1, 2], out: [0, 2] });
  const t = matmul(a, x);
  const along = ops.broadcast(ops.sum(ops.mul(t, e), [1]), [S, K], [0]);
  const m = ops.add(ops.mul(matmul(ops.mul(t, b), c), d), ops.mul(along, g));
  const back = ops.dot(m, c, { lhs: [0, 1], rhs: [2, 1], out: [0, 2] });
  const outputs = [ops.dot(h, m, { lhs: [0, 1], rhs: [0, 2], out: [1, 2] }), matmul(ops.permute(a, [1, 0]), back)];
  const linear = ops.build(outputs);
  const WIDTH = 16;
  const request = { knownCount: 7, width: WIDTH, shift: 0, structured: true, bands: true };
  const { program } = contract(linear, request, 8);

  // What depends on the columns has no use for the matrix any more: the sums over k with it are made at the point.
  const seeds = program.inputs[7];
  const dependent = new Set<Atom>([seeds]);
  const uses: Atom[] = [];
  for (const { inputs, output } of program.equations) {
    if (!inputs.some((atom) => dependent.has(atom))) continue;
    dependent.add(output);
    uses.push(...inputs);
  }
  expect(uses).not.toContain(program.inputs[2]);

  const values = linear.inputs.slice(0, 7).map(({ aval }, k): Value => {
    const data = Float64Array.from({ length: sizeOf(aval.shape) }, (_, i) => Math.sin(1 + i * (k + 1.3)));
    return { shape: aval.shape, dtype: 'float64', data };
  });
  const columns = Int32Array.from({ length: WIDTH }, (_, k) => (k * 37) % (I * J));
  const results = evaluateProgram(program, [...values, { shape: [WIDTH], dtype: 'int32', data: columns }]);
  for (const [k, column] of columns.entries()) {
    const unit = new Float64Array(I * J);
    unit[column] = 1;
    const expected = evaluateProgram(linear, [...values, { shape: [I, J], dtype: 'float64', data: unit }]);
    for (const [o, { data }] of expected.entries()) {
      const size = data.length;
      expect(maxDifference(results[o].data.slice(k * size, (k + 1) * size), data)).toBeLessThan(1e-11);
    }
  }
});
