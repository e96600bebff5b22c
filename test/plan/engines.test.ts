/** Which engine a plan names for each program, and what it says about that. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Atom, Program } from '../../src/ir/program.ts';
import { leastNanoseconds, tileNanoseconds } from '../../src/plan/cost.ts';
import { cheaperEngine } from '../../src/plan/engines.ts';
import { matrixBytes } from '../../src/plan/memory.ts';
import { nativeNanosecondsOf } from '../../src/plan/native-cost.ts';
import { placingOf } from '../../src/plan/placing.ts';
import { Plan } from '../../src/plan/plan.ts';
import { planHessian } from '../../src/plan/planner.ts';
import { newOps } from '../../src/primitives/table.ts';
import { stencil } from '../fusion/programs.ts';
import { randomProgram } from '../primitives/random-program.ts';
import { randomFrom } from '../primitives/support.ts';
import { planRequest } from './programs.ts';

const product = (n: number): Program => {
  const ops = newOps();
  const [x, y] = [0, 1].map(() => ops.input({ shape: [n, n], dtype: 'float32' }));
  return ops.build([ops.dot(x, y, { lhs: [0, 1], rhs: [1, 2], out: [0, 2] })]);
};

/** Σ u³ after steps of a stencil: nothing but small operations. */
const energy = (steps: number): Program => {
  const { inputs, equations, outputs } = stencil(steps, [8, 8], 'float64');
  const ops = newOps();
  const [u] = outputs;
  const cube: Atom = ops.mul(ops.mul(u, u), u);
  const total = ops.sum(cube, [0, 1]);
  return { inputs, equations: [...equations, ...ops.equations], outputs: [total] };
};

describe('the cheaper engine', () => {
  test('is loops for many small operations, ONNX Runtime for a large product', () => {
    expect(cheaperEngine(stencil(10, [16, 16, 32], 'float32'), { native: true }).engine).toBe('native');
    expect(cheaperEngine(product(16), { native: true }).engine).toBe('native');
    expect(cheaperEngine(product(512), { native: true }).engine).toBe('onnx');
  });

  test('is never found by a bound that the price is below', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const ops = newOps();
        const program = ops.build(randomProgram(randomFrom(seed), ops, 24).outputs);
        expect(leastNanoseconds(program)).toBeLessThanOrEqual(tileNanoseconds(program));
      }),
      { numRuns: 300 },
    );
    expect(leastNanoseconds(product(2))).toBeLessThanOrEqual(tileNanoseconds(product(2)));
  });

  test('is ONNX Runtime where loops aren’t allowed, or can’t be made', () => {
    expect(cheaperEngine(stencil(10, [16, 16, 32], 'float32'), { native: false }).engine).toBe('onnx');
    const ops = newOps();
    const program = ops.build([ops.unary('atan', ops.input({ shape: [4], dtype: 'float64' }))]);
    expect(nativeNanosecondsOf(program)).toBe(Number.POSITIVE_INFINITY);
    expect(cheaperEngine(program, { native: true }).engine).toBe('onnx');
  });

  test('loops cost in proportion to what they compute', () => {
    const [few, many] = [4, 40].map((steps) => nativeNanosecondsOf(stencil(steps, [64, 64, 32], 'float32')));
    expect(many / few).toBeGreaterThan(9);
    expect(many / few).toBeLessThan(11);
  });
});

describe('memory', () => {
  /** x · a number, of so many elements: nothing that ONNX Runtime could be better at. */
  const scaled = (n: number): Program => {
    const ops = newOps();
    const x = ops.input({ shape: [n], dtype: 'float64' });
    return ops.build([ops.sum(ops.mul(ops.mul(x, x), ops.add(x, 2)), [0])]);
  };
  const group = (n: number, from: 'input' | 'residual') => ({
    program: scaled(n),
    sources: [{ from, index: 0 }] as const,
  });

  test('that copies would take is counted, but for what a native point program made', () => {
    const given = placingOf(null, [group(1000, 'input'), group(50, 'input')], true);
    expect(given).toEqual({ point: 'onnx', groups: ['native', 'native'], copiedBytes: 8 * 1050 });
    const made = placingOf(scaled(10), [group(1000, 'residual'), group(50, 'input')], true);
    expect(made).toEqual({ point: 'native', groups: ['native', 'native'], copiedBytes: 8 * 60 });
  });

  test('is not taken beyond what a thread bears', () => {
    const large = 2 ** 25;
    const { groups, copiedBytes } = placingOf(
      null,
      [group(large, 'input'), group(large, 'input'), group(large, 'input')],
      true,
    );
    expect(groups).toEqual(['native', 'native', 'onnx']);
    expect(copiedBytes).toBe(2 * 8 * large);
  });
});

describe('a plan', () => {
  test('names the engine of its point program and of each group', () => {
    const request = planRequest(energy(4), { leaves: 1 });
    const on = planHessian(request, true);
    expect([on.pointEngine, ...on.groups.map(({ engine }) => engine)]).toEqual(
      [on.pointEngine, ...on.groups].map(() => 'native'),
    );
    expect(String(new Plan([{ planned: on, circumstances: { workers: 0, held: matrixBytes(on) } }]))).toMatch(
      / +seeds +tiles +program +engine +FLOP/,
    );
    expect(String(new Plan([{ planned: on, circumstances: { workers: 0, held: matrixBytes(on) } }]))).toMatch(
      /0…63 .* native /,
    );
    const off = planHessian({ ...request, levers: { native: false } }, true);
    expect(off.groups.map(({ engine }) => engine)).toEqual(off.groups.map(() => 'onnx'));
    expect(String(new Plan([{ planned: off, circumstances: { workers: 0, held: matrixBytes(off) } }]))).toMatch(
      /0…63 .* onnx /,
    );
  });
});
