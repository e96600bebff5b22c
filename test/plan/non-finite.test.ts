/** What isn't finite in truth is never reported finite, whatever the levers; where 0 · Inf is met, no more is promised. */

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FloatDtype, sizeOf, type Value } from '../../src/ir/aval.ts';
import { printProgram } from '../../src/ir/printer.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import { ALL_OFF, type Levers } from '../../src/plan/levers.ts';
import { planHessian, planJacobian } from '../../src/plan/planner.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';
import { randomFrom, value } from '../primitives/support.ts';
import { anyLevers, anyShare } from './lever-choices.ts';
import { type RandomNetwork, randomNetwork } from './random-networks.ts';
import { runOnEngine, runPlanned } from './run-planned.ts';

const nbatches = fc.oneof(fc.constant<'auto'>('auto'), fc.integer({ min: 1, max: 5 }));

/** The indices where `matrix` should have a NaN or an infinity and has none. */
const reportedFinite = (matrix: Float64Array, expected: readonly number[]): number[] =>
  expected.filter((i) => Number.isFinite(matrix[i]));

describe('a NaN in an input', () => {
  /** The inputs with one element replaced. */
  const withElement = (inputs: readonly Value[], input: number, element: number, by: number): Value[] =>
    inputs.map((v, i) => (i === input ? { ...v, data: (v.data as Float64Array).with(element, by) } : v));

  /** Entries that were looked at. */
  let met = 0;
  beforeEach(() => {
    met = 0;
  });
  afterEach(() => expect(met).toBeGreaterThan(1000));

  type Matrix = (inputs: readonly Value[]) => Float64Array;

  /** The entries that change with the element: in truth, they depend on it. */
  const dependents = (matrix: Matrix, { inputs }: RandomNetwork, input: number, element: number): number[] => {
    const [a, b] = [0.4, -0.9].map((by) => matrix(withElement(inputs, input, element, by)));
    const scale = Math.max(...a.map(Math.abs));
    return [...a.keys()].filter((i) => Math.abs(a[i] - b[i]) > 1e-6 * scale);
  };

  const requestOf = ({ leaves }: RandomNetwork, program: Program): PlanRequest => ({
    program,
    leaves,
    precision: 'float64',
    nbatches: 'auto',
    recomputed: 0,
    levers: ALL_OFF,
  });

  const check = (
    network: RandomNetwork,
    at: number,
    plan: (over: Partial<PlanRequest>) => ReturnType<typeof planHessian>,
    over: Partial<PlanRequest>,
    told: string,
  ): void => {
    const floats = network.inputs.flatMap(({ dtype, data }, i) => (dtype === 'int32' || data.length === 0 ? [] : [i]));
    const input = floats[Math.floor(at * floats.length)];
    const element = Math.floor(1e3 * at) % network.inputs[input].data.length;
    const reference = plan({});
    const expected = dependents((inputs) => runPlanned(reference, inputs), network, input, element);
    met += expected.length;
    const poisoned = withElement(network.inputs, input, element, Number.NaN);
    const matrix = runPlanned(plan(over), poisoned);
    expect(reportedFinite(matrix, expected), told).toEqual([]);
  };

  const cases = [fc.nat(1e6), fc.double({ min: 0, max: 0.999, noNaN: true }), anyLevers, nbatches, anyShare] as const;

  test('makes every entry of a Hessian that depends on it non-finite', () => {
    const run = (seed: number, at: number, levers: Levers, cut: 'auto' | number, recomputed: number): void => {
      const network = randomNetwork(seed, 12, true);
      const plan = (over: Partial<PlanRequest>) =>
        planHessian({ ...requestOf(network, network.scalar), ...over }, over.levers !== undefined);
      const told = `${JSON.stringify(levers)}\n${printProgram(network.scalar)}`;
      check(network, at, plan, { levers, nbatches: cut, recomputed }, told);
    };
    fc.assert(fc.property(...cases, run), { numRuns: 120, seed: 8 });
  }, 60_000);

  test.each(['forward', 'reverse'] as const)(
    'and of a Jacobian, %s',
    (mode) => {
      const run = (seed: number, at: number, levers: Levers, cut: 'auto' | number, recomputed: number): void => {
        const network = randomNetwork(seed, 12, true);
        const plan = (over: Partial<PlanRequest>) =>
          planJacobian({ ...requestOf(network, network.vector), ...over }, mode);
        const told = `${JSON.stringify(levers)}\n${printProgram(network.vector)}`;
        check(network, at, plan, { levers, nbatches: cut, recomputed }, told);
      };
      fc.assert(fc.property(...cases, run), { numRuns: 140, seed: 9 });
    },
    60_000,
  );
});

/** Functions of one number with their slope and curvature where those aren't finite. */
interface Pole {
  readonly name: string;
  readonly at: number;
  make(ops: Ops, x: Atom): Atom;
  /** Whether the slope, too, isn't finite. */
  readonly steep: boolean;
  readonly dtype: FloatDtype;
}

const LENGTH = 4;

const POLES: Pole[] = [
  { name: 'sqrt at 0', at: 0, make: (ops, x) => ops.unary('sqrt', x), steep: true, dtype: 'float64' },
  { name: 'log at 0', at: 0, make: (ops, x) => ops.unary('log', x), steep: true, dtype: 'float64' },
  { name: '1/x at 0', at: 0, make: (ops, x) => ops.div(1, x), steep: true, dtype: 'float64' },
  {
    name: 'the power of 1.5 at 0',
    at: 0,
    make: (ops, x) => ops.binary('pow', x, ops.full(x, 1.5)),
    steep: false,
    dtype: 'float64',
  },
  { name: 'exp, overflowing', at: 800, make: (ops, x) => ops.unary('exp', x), steep: true, dtype: 'float64' },
  { name: 'exp, overflowing in float32', at: 95, make: (ops, x) => ops.unary('exp', x), steep: true, dtype: 'float32' },
  {
    name: 'a square times two large constants',
    at: 1,
    make: (ops, x) => ops.mul(ops.mul(ops.mul(x, x), 1e200), 1e200),
    steep: true,
    dtype: 'float64',
  },
  {
    name: 'a square times a constant with a NaN in it',
    at: 1,
    make: (ops, x) => {
      const { dtype } = x.aval;
      const constant = ops.concat([ops.literal(Number.NaN, [1], dtype), ops.literal(1, [LENGTH - 1], dtype)], 0);
      return ops.mul(ops.mul(x, x), constant);
    },
    steep: true,
    dtype: 'float64',
  },
  {
    name: 'a square times NaN beside another',
    at: 1,
    make: (ops, x) => ops.add(ops.mul(ops.mul(x, x), Number.NaN), ops.mul(x, x)),
    steep: true,
    dtype: 'float64',
  },
  {
    name: 'a square times infinity',
    at: 1,
    make: (ops, x) => ops.mul(Number.POSITIVE_INFINITY, ops.mul(x, x)),
    steep: true,
    dtype: 'float64',
  },
  {
    name: 'a square over 0, 1, 2, …',
    at: 1,
    make: (ops, x) => ops.div(ops.mul(x, x), ops.iota([LENGTH], 0, 'float64')),
    steep: true,
    dtype: 'float64',
  },
];

/** Positive maps: each element goes somewhere, with a weight that is positive, so that nothing cancels. */
const SPREADS: ((ops: Ops, y: Atom, w: Atom) => Atom)[] = [
  (_ops, y) => y,
  (ops, y) => ops.reverse(y, [0]),
  (ops, y) => ops.reshape(y, [2, 2]),
  (ops, y) => ops.permute(ops.reshape(y, [2, 2]), [1, 0]),
  (ops, y) => ops.broadcast(y, [3, LENGTH], [1]),
  (ops, y) => ops.concat([y, y], 0),
  (ops, y) => ops.pad(y, [1], [2], [1]),
  (ops, y) => ops.cumsum(y, 0),
  (ops, y) => ops.add(y, ops.reverse(y, [0])),
  (ops, y) => ops.dot(y, w23(ops, y), { lhs: [0], rhs: [0, 1], out: [1] }),
  (ops, y, w) => ops.dot(y, w, { lhs: [0], rhs: [0, 1], out: [1] }),
  (ops, y, w) => ops.dot(w, y, { lhs: [0, 1], rhs: [0], out: [0, 1] }),
  (ops, y) => ops.dot(y, y, { lhs: [0], rhs: [1], out: [0, 1] }),
  (ops, y) => ops.windows(y, 0, 2),
  (ops, y) => ops.fold(ops.windows(y, 0, 3), 0, LENGTH),
  (ops, y) => ops.gather(y, ops.iota([LENGTH], 0), 0),
  (ops, y) => ops.scatterAdd(y, ops.iota([LENGTH], 0), 0, LENGTH + 1),
];

const w23 = (ops: Ops, y: Atom): Atom => ops.literal(0.5, [LENGTH, 3], y.aval.dtype);

interface Poled {
  readonly scalar: Program;
  readonly vector: Program;
  readonly inputs: readonly Value[];
}

/** φ of x, of which element 0 stands at the pole, spread, and summed or squared and summed. */
const poled = (pole: Pole, spread: number, squared: boolean): Poled => {
  const ops = newOps();
  const { dtype } = pole;
  const before = ops.input({ shape: [1], dtype });
  const x = ops.input({ shape: [LENGTH], dtype });
  const w = ops.input({ shape: [LENGTH, 3], dtype });
  const z = SPREADS[spread](ops, pole.make(ops, x), w);
  const axes = z.aval.shape.map((_, i) => i);
  const sum = ops.sum(squared ? ops.mul(ops.add(z, 0.5), z) : ops.mul(z, 2), axes);
  const scalar = ops.mul(sum, ops.add(1, ops.reshape(ops.mul(before, before), [])));
  const random = randomFrom(spread);
  const inputs = [
    value([1], dtype, () => 0.5),
    value([LENGTH], dtype, (i) => (i === 0 ? pole.at : 0.5 + random())),
    value([LENGTH, 3], dtype, () => 0.5 + random()),
  ];
  return { scalar: ops.build([scalar]), vector: ops.build([ops.sum(z, axes)]), inputs };
};

const requestFor = ({ dtype }: Pole, program: Program, over: Partial<PlanRequest>): PlanRequest => ({
  program,
  leaves: program.inputs.length,
  precision: dtype,
  nbatches: 'auto',
  recomputed: 0,
  ...over,
});

describe.each(POLES)('$name', (pole) => {
  const cases = [fc.nat(SPREADS.length - 1), fc.boolean(), anyLevers, nbatches, anyShare] as const;
  /** x[0] in the flattened point. */
  const AT = 1;

  test('is not finite on the diagonal of the Hessian', () => {
    const run = (spread: number, squared: boolean, levers: Levers, cut: 'auto' | number, recomputed: number): void => {
      const { scalar, inputs } = poled(pole, spread, squared);
      const n = inputs.reduce((sum, v) => sum + sizeOf(v.shape), 0);
      const request = requestFor(pole, scalar, { levers, nbatches: cut, recomputed });
      for (const symmetric of [true, false]) {
        const H = runPlanned(planHessian(request, symmetric), inputs);
        // Where the slope is steep, so is the derivative by the factor in front.
        const expected = [AT * n + AT, ...(pole.steep ? [AT, AT * n] : [])];
        expect(reportedFinite(H, expected), `${JSON.stringify(levers)}\n${printProgram(scalar)}`).toEqual([]);
      }
    };
    fc.assert(fc.property(...cases, run), { numRuns: 40, seed: 10 });
  }, 60_000);

  test('nor in the Jacobian where it is steep', () => {
    if (!pole.steep) return;
    const run = (spread: number, _: boolean, levers: Levers, cut: 'auto' | number, recomputed: number): void => {
      const { vector, inputs } = poled(pole, spread, false);
      for (const mode of ['forward', 'reverse'] as const) {
        const request = requestFor(pole, vector, { levers, nbatches: mode === 'reverse' ? 'auto' : cut, recomputed });
        const J = runPlanned(planJacobian(request, mode), inputs);
        expect(reportedFinite(J, [AT]), `${JSON.stringify(levers)}\n${printProgram(vector)}`).toEqual([]);
      }
    };
    fc.assert(fc.property(...cases, run), { numRuns: 25, seed: 11 });
  }, 60_000);

  test('nor on the engine', async () => {
    const run = async (spread: number, squared: boolean, levers: Levers, cut: 'auto' | number, recomputed: number) => {
      const { scalar, inputs } = poled(pole, spread, squared);
      const n = inputs.reduce((sum, v) => sum + sizeOf(v.shape), 0);
      const request = requestFor(pole, scalar, { levers, nbatches: cut, recomputed });
      const H = await runOnEngine(planHessian(request, true), inputs);
      expect(reportedFinite(H, [AT * n + AT]), `${JSON.stringify(levers)}\n${printProgram(scalar)}`).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(...cases, run), { numRuns: 6, seed: 12 });
  }, 60_000);
});
