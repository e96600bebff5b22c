/** Every lever can be off, alone or with any others, and the matrix is the same: in the interpreter. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printProgram } from '../../src/ir/printer.ts';
import { ALL_OFF, type Levers } from '../../src/plan/levers.ts';
import type { Planned } from '../../src/plan/plan.ts';
import { planHessian, planJacobian } from '../../src/plan/planner.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import { simplifying } from '../../src/primitives/table.ts';
import { relativeError } from '../support/close.ts';
import { anyLevers, anyShare, EAGER, oneLeverOff } from './lever-choices.ts';
import { type RandomNetwork, randomNetwork } from './random-networks.ts';
import { runPlanned } from './run-planned.ts';

const TOLERANCE = 1e-9;

/** What else shapes a plan. `cut` chooses nbatches: 0 for auto, else among 1 … n. */
interface Shape {
  readonly cut: number;
  readonly recomputed: number;
  readonly symmetric: boolean;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  cut: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1, noNaN: true })),
  recomputed: anyShare,
  symmetric: fc.boolean(),
});

const nbatchesOf = (cut: number, seeds: number): number | 'auto' =>
  cut === 0 || seeds === 0 ? 'auto' : Math.ceil(cut * seeds);

type Kind = 'hessian' | 'forward' | 'reverse';
const KINDS: readonly Kind[] = ['hessian', 'forward', 'reverse'];

const planOf = (network: RandomNetwork, kind: Kind, levers: Levers, { cut, recomputed, symmetric }: Shape): Planned => {
  const plan = (nbatches: PlanRequest['nbatches']): Planned => {
    const { leaves } = network;
    const program = kind === 'hessian' ? network.scalar : network.vector;
    const request: PlanRequest = { program, leaves, precision: 'float64', nbatches, recomputed, levers };
    return kind === 'hessian' ? planHessian(request, symmetric) : planJacobian(request, kind);
  };
  const { rows, columns } = plan('auto');
  return cut === 0 ? plan('auto') : plan(nbatchesOf(cut, kind === 'reverse' ? rows : columns));
};

const PLAIN: Shape = { cut: 0, recomputed: 0, symmetric: false };
const references = new Map<string, Float64Array>();

/** The matrix with every lever off. */
const referenceOf = (seed: number, network: RandomNetwork, kind: Kind): Float64Array => {
  const key = `${kind} ${seed}`;
  const known = references.get(key);
  if (known) return known;
  const matrix = runPlanned(planOf(network, kind, ALL_OFF, PLAIN), network.inputs);
  references.set(key, matrix);
  return matrix;
};

/** Half of them as they were written, with repetitions and the like that folds would have seen through. */
const networkOf = (seed: number): RandomNetwork =>
  seed % 2 === 0 ? randomNetwork(seed) : simplifying({ folding: false, sharing: true }, () => randomNetwork(seed));

const checkSame = (seed: number, levers: Levers, shape: Shape): void => {
  const network = networkOf(seed);
  for (const kind of KINDS) {
    const reference = referenceOf(seed, network, kind);
    const planned = planOf(network, kind, levers, shape);
    if (shape.cut > 0) expect(planned.facts.tileWidth).toBeLessThanOrEqual(planned.facts.blockSize);
    const error = relativeError(runPlanned(planned, network.inputs), reference);
    const program = printProgram(kind === 'hessian' ? network.scalar : network.vector);
    expect(error, `${kind} of ${seed}, ${JSON.stringify({ levers, shape })}\n${program}`).toBeLessThan(TOLERANCE);
  }
};

/** Few enough that references are shared between levers. */
const seeds = fc.integer({ min: 0, max: 60 });

describe('one lever off, all others pulled', () => {
  test.each([['none', EAGER] as const, ...oneLeverOff])('%s', (_, levers) => {
    fc.assert(
      fc.property(seeds, shapes, (seed, shape) => checkSame(seed, levers, shape)),
      { numRuns: 12, seed: 4 },
    );
  });
});

test('any levers', () => {
  const run = (seed: number, levers: Levers, shape: Shape): void => checkSame(seed, levers, shape);
  fc.assert(fc.property(fc.integer({ min: 100, max: 1e6 }), anyLevers, shapes, run), { numRuns: 100, seed: 5 });
}, 60_000);
