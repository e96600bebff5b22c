/** What contraction may cost: the memory of its products, and the time to plan it. */

import { expect, test } from 'vitest';
import { bytesOf } from '../../src/ir/aval.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import { livePeakBytes } from '../../src/plan/cost.ts';
import type { Planned } from '../../src/plan/plan.ts';
import { planHessian, planJacobian } from '../../src/plan/planner.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import { newOps } from '../../src/primitives/table.ts';
import { planRequest } from './programs.ts';

const WIDTH = 128;
const SAMPLES = 256;

/** A network of wide layers: the product of a sample's slopes and weights is 128 times as large as its activations. */
const wideNetwork = (layers: number): Program => {
  const ops = newOps();
  const weights = Array.from({ length: layers }, () => ops.input({ shape: [WIDTH, WIDTH], dtype: 'float64' }));
  let h: Atom = ops.input({ shape: [SAMPLES, WIDTH], dtype: 'float64' });
  for (const w of weights) h = ops.unary('tanh', ops.dot(h, w, { lhs: [0, 1], rhs: [1, 2], out: [0, 2] }));
  return ops.build([ops.sum(ops.mul(h, h), [0, 1])]);
};

/** A sine of sines of one number: a long program that runs in no time. */
const longChain = (length: number): Program => {
  const ops = newOps();
  const x = ops.input({ shape: [4], dtype: 'float64' });
  let y: Atom = x;
  for (let i = 0; i < length; i++)
    y = ops.unary('sin', ops.add(y, ops.mul(ops.broadcast(ops.sum(x, [0]), [4], []), 0.1)));
  return ops.build([ops.sum(y, [0])]);
};

const request = (program: Program, leaves: number, contraction: 'never' | 'by price'): PlanRequest =>
  planRequest(program, { leaves, levers: { contraction } });

/** What a worker holds: residuals, and the live values of its fullest program. */
const workerBytes = ({ point, groups }: Planned): number => {
  const programs = [...groups.map(({ program }) => program), ...(point ? [point] : [])];
  const residuals = point?.outputs.reduce((sum, { aval }) => sum + bytesOf(aval), 0) ?? 0;
  return residuals + Math.max(...programs.map(livePeakBytes));
};

test('products that contraction keeps are bounded', () => {
  const program = wideNetwork(4);
  const plain = workerBytes(planHessian(request(program, 4, 'never'), true));
  const chosen = workerBytes(planHessian(request(program, 4, 'by price'), true));
  expect(chosen).toBeLessThan(4 * plain + 128 * 2 ** 20);
});

test('a long program that runs in no time is not contracted', () => {
  const program = longChain(400);
  const printed = (contraction: 'never' | 'by price'): number[] =>
    planHessian(request(program, 1, contraction), true).groups.map((group) => group.program.equations.length);
  expect(printed('by price')).toEqual(printed('never'));
});

test('an output that repeats a smaller value is as large as it is', () => {
  const ops = newOps();
  const x = ops.input({ shape: [150], dtype: 'float32' });
  const tall = 400_000;
  const program = ops.build([ops.broadcast(ops.sum(ops.mul(x, x), [0]), [tall], [])]);
  const planned = planJacobian({ ...request(program, 1, 'by price'), precision: 'float32' }, 'forward');
  const [{ width }] = planned.groups;
  // Not all columns at once, as if it were nothing.
  expect(width).toBeLessThan(40);
  expect(workerBytes(planned)).toBeGreaterThanOrEqual(4 * width * tall);
});
