/** Every choice of the plan gives the same matrix, on random programs of small whole numbers. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sizeOf, type Value } from '../../src/ir/aval.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import { planHessian, planJacobian } from '../../src/plan/planner.ts';
import { newOps } from '../../src/primitives/table.ts';
import { randomProgram } from '../primitives/random-program.ts';
import { planRequest as request } from './programs.ts';
import { maxDifference, runPlanned } from './run-planned.ts';

/** A linear congruential generator: the same program for the same seed. */
const randomFrom = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

const LENGTH = 16;

/** The last few values of a random program, and the sum of their squares. */
const programsFrom = (seed: number): { scalar: Program; vector: Program } => {
  const ops = newOps();
  const { outputs } = randomProgram(randomFrom(seed), ops, LENGTH);
  const floats = outputs.filter((a) => a.aval.dtype === 'float64').slice(-3);
  const scalar = floats
    .map((a): Atom => {
      const axes = a.aval.shape.map((_, i) => i);
      return ops.sum(ops.mul(ops.mul(a, a), 0.5), axes);
    })
    .reduce((sum, part) => ops.add(sum, part));
  return { scalar: ops.build([scalar]), vector: ops.build(floats) };
};

const wholeNumbers = (program: Program, seed: number): Value[] => {
  const random = randomFrom(seed + 1);
  return program.inputs.map((v) => ({
    shape: v.aval.shape,
    dtype: 'float64',
    data: Float64Array.from({ length: sizeOf(v.aval.shape) }, () => Math.floor(random() * 5) - 2),
  }));
};

const relative = (a: Float64Array, b: Float64Array): number =>
  maxDifference(a, b) / a.reduce((scale, value) => Math.max(scale, Math.abs(value)), 1);

/** A group of one leaf, of which the seeds are unit vectors, or one of many leaves, masked. */
const leafCounts = fc.constantFrom(1, 2, 7);

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const cuts = fc.constantFrom<'auto' | number>('auto', 1, 2, 4);

test('contraction changes no Hessian', () => {
  const run = (seed: number, leaves: number, nbatches: 'auto' | number): void => {
    const { scalar } = programsFrom(seed);
    const inputs = wholeNumbers(scalar, seed);
    const plain = runPlanned(
      planHessian(request(scalar, { levers: { contraction: 'never' }, leaves, nbatches }), true),
      inputs,
    );
    if (!plain.every(Number.isFinite)) return;
    const contracted = planHessian(request(scalar, { levers: { contraction: 'always' }, leaves, nbatches }), true);
    expect(relative(plain, runPlanned(contracted, inputs))).toBeLessThan(1e-12);
    const whole = planHessian(request(scalar, { levers: { contraction: 'always' }, leaves, nbatches }), false);
    expect(relative(plain, runPlanned(whole, inputs))).toBeLessThan(1e-12);
  };
  fc.assert(fc.property(seeds, leafCounts, cuts, run), { numRuns: 80 });
}, 60_000);

test('contraction changes no Jacobian, by columns or by rows', () => {
  const run = (seed: number, leaves: number): void => {
    const { vector } = programsFrom(seed);
    const inputs = wholeNumbers(vector, seed);
    const plain = runPlanned(
      planJacobian(request(vector, { levers: { contraction: 'never' }, leaves }), 'forward'),
      inputs,
    );
    if (!plain.every(Number.isFinite)) return;
    for (const mode of ['forward', 'reverse'] as const) {
      const contracted = planJacobian(request(vector, { levers: { contraction: 'always' }, leaves }), mode);
      expect(relative(plain, runPlanned(contracted, inputs))).toBeLessThan(1e-12);
    }
  };
  fc.assert(fc.property(seeds, leafCounts, run), { numRuns: 60 });
}, 60_000);
