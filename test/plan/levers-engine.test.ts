/** On the engine, too, levers change no matrix: tile programs of every shape, compiled. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printProgram } from '../../src/ir/printer.ts';
import { ALL_OFF, type Levers } from '../../src/plan/levers.ts';
import { planHessian, planJacobian } from '../../src/plan/planner.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import { relativeError } from '../support/close.ts';
import { anyLevers, anyShare } from './lever-choices.ts';
import { randomNetwork } from './random-networks.ts';
import { runOnEngine, runPlanned } from './run-planned.ts';

const TOLERANCE = 1e-9;

type Run = (seed: number, levers: Levers, nbatches: number, recomputed: number) => Promise<void>;

const check = (numRuns: number, seed: number, run: Run) =>
  fc.assert(fc.asyncProperty(fc.nat(1e6), anyLevers, fc.integer({ min: 1, max: 5 }), anyShare, run), {
    numRuns,
    seed,
  });

test('Hessians', async () => {
  await check(40, 6, async (seed, levers, nbatches, recomputed) => {
    const { scalar, leaves, inputs } = randomNetwork(seed, 10);
    const request: PlanRequest = { program: scalar, leaves, precision: 'float64', nbatches, recomputed, levers };
    const reference = runPlanned(planHessian({ ...request, recomputed: 0, levers: ALL_OFF }, false), inputs);
    const error = relativeError(await runOnEngine(planHessian(request, true), inputs), reference);
    expect(error, `${JSON.stringify(levers)}\n${printProgram(scalar)}`).toBeLessThan(TOLERANCE);
  });
}, 60_000);

test.each(['forward', 'reverse'] as const)(
  'Jacobians, %s',
  async (mode) => {
    await check(25, 7, async (seed, levers, nbatches, recomputed) => {
      const { vector, leaves, inputs } = randomNetwork(seed, 10);
      const request: PlanRequest = { program: vector, leaves, precision: 'float64', nbatches, recomputed, levers };
      const reference = runPlanned(planJacobian({ ...request, recomputed: 0, levers: ALL_OFF }, mode), inputs);
      const error = relativeError(await runOnEngine(planJacobian(request, mode), inputs), reference);
      expect(error, `${JSON.stringify(levers)}\n${printProgram(vector)}`).toBeLessThan(TOLERANCE);
    });
  },
  60_000,
);
