/** The planner's programs give the right matrix, whatever the options that shape them. */

import { describe, expect, test } from 'vitest';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { Value } from '../../src/ir/aval.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import { livePeakBytes } from '../../src/plan/cost.ts';
import type { Levers } from '../../src/plan/levers.ts';
import { estimate, matrixBytes } from '../../src/plan/memory.ts';
import { Plan, type Planned } from '../../src/plan/plan.ts';
import { chooseMode, planHessian, planJacobian } from '../../src/plan/planner.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';
import { grad } from '../../src/transforms/grad.ts';
import { chain, network, planRequest as request, valuesFor } from './programs.ts';
import { finiteDifferences, maxDifference, runPlanned } from './run-planned.ts';

const { scalar, vector } = network();
const inputs = valuesFor(scalar);

const vectorOf = (program: Program, from: number) => (values: readonly Value[]) =>
  Float64Array.from(
    evaluateProgram(program, values)
      .slice(from)
      .flatMap((v) => [...v.data]),
  );

describe('hessian', () => {
  const gradient = grad(
    scalar,
    scalar.inputs.map(() => true),
    0,
  );
  const truth = finiteDifferences(vectorOf(gradient, 1), inputs, 3);
  for (const recomputed of [0, 0.3, 0.7, 1]) {
    for (const symmetric of [true, false]) {
      for (const nbatches of ['auto', 1, 3, 23] as const) {
        test(`recomputed ${recomputed}, symmetric ${symmetric}, nbatches ${nbatches}`, () => {
          const planned = planHessian(request(scalar, { nbatches, recomputed }), symmetric);
          expect(maxDifference(runPlanned(planned, inputs), truth)).toBeLessThan(1e-8);
          expect(planned.facts.tileWidth).toBeLessThanOrEqual(planned.facts.blockSize);
        });
      }
    }
  }

  test('tiles cover each column exactly once', () => {
    const planned = planHessian(request(scalar, { nbatches: 4 }), true);
    const seen = new Array(23).fill(0);
    for (const { start, count } of planned.tiles) for (let i = 0; i < count; i++) seen[start + i]++;
    expect(seen).toEqual(new Array(23).fill(1));
  });
});

describe('jacobian', () => {
  const truth = finiteDifferences(vectorOf(vector, 0), inputs, 3);
  for (const recomputed of [0, 0.3, 0.7, 1]) {
    for (const mode of ['forward', 'reverse'] as const) {
      for (const nbatches of ['auto', 1, 3, 6] as const) {
        test(`recomputed ${recomputed}, ${mode}, nbatches ${nbatches}`, () => {
          const planned = planJacobian(request(vector, { nbatches, recomputed }), mode);
          expect(maxDifference(runPlanned(planned, inputs), truth)).toBeLessThan(1e-9);
        });
      }
    }
  }

  test('few outputs and many inputs go by rows, the other way round by columns', () => {
    const squaresTimes = (rows: number, columns: number): Program => {
      const ops = newOps();
      const x = ops.input({ shape: [rows], dtype: 'float64' });
      const w = ops.input({ shape: [rows, columns], dtype: 'float64' });
      return ops.build([ops.dot(ops.mul(x, x), w, { lhs: [0], rhs: [0, 1], out: [1] })]);
    };
    expect(chooseMode(request(squaresTimes(400, 3), { leaves: 1 }))).toBe('reverse');
    expect(chooseMode(request(squaresTimes(3, 400), { leaves: 1 }))).toBe('forward');
  });
});

/** Deep functions of one leaf, with a value and with a vector. */
const deepPrograms = (step: (ops: Ops, x: Atom, w: Atom) => Atom): { scalar: Program; vector: Program } => {
  const ops = newOps();
  const x = ops.input({ shape: [1 << 16, 20], dtype: 'float64' });
  const w = ops.input({ shape: [20, 20], dtype: 'float64' });
  let y: Atom = x;
  for (let i = 0; i < 48; i++) y = step(ops, y, w);
  const sums = ops.sum(ops.mul(y, y), [0]);
  return { scalar: ops.build([ops.sum(sums, [0])]), vector: ops.build([sums]) };
};

const times = (ops: Ops, x: Atom, w: Atom): Atom => ops.dot(x, w, { lhs: [0, 1], rhs: [1, 2], out: [0, 2] });

const DEEP = {
  'a network': deepPrograms((ops, x, w) => ops.unary('tanh', times(ops, x, w))),
  'a residual network': deepPrograms((ops, x, w) => ops.add(x, ops.unary('softplus', times(ops, x, w)))),
};

describe('checkpoint', () => {
  const deep = chain(60, 50);

  test('lowers the peak of the live values and of the plan', () => {
    const kept = planHessian(request(deep, { leaves: 1, nbatches: 1 }), true);
    const recomputed = planHessian(request(deep, { leaves: 1, nbatches: 1, recomputed: 1 }), true);
    expect(livePeakBytes(recomputed.groups[0].program)).toBeLessThan(0.6 * livePeakBytes(kept.groups[0].program));
  });

  test('lowers the peak of the plan where values are large', () => {
    const wide = chain(60, 600);
    const kept = planHessian(request(wide, { leaves: 1, nbatches: 1 }), true);
    const recomputed = planHessian(request(wide, { leaves: 1, nbatches: 1, recomputed: 1 }), true);
    const bytes = (planned: typeof kept) =>
      new Plan([{ planned, circumstances: { workers: 1, held: matrixBytes(planned) } }]).estimatedPeakBytes;
    expect(bytes(recomputed)).toBeLessThan(0.75 * bytes(kept));
  });

  test.each(
    (['hessian', 'forward', 'reverse'] as const).flatMap((kind) =>
      ([...Object.keys(DEEP)] as (keyof typeof DEEP)[]).map((name) => [kind, name] as const),
    ),
  )('%s of %s: the more is recomputed, the less is held and the more is computed', (kind, name) => {
    const { scalar, vector } = DEEP[name];
    const made = (levers: Partial<Levers>) =>
      [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1].map((recomputed) => {
        const over = { leaves: 1, nbatches: 2, recomputed, levers: { contraction: 'never', ...levers } } as const;
        return kind === 'hessian'
          ? planHessian(request(scalar, over), true)
          : planJacobian(request(vector, over), kind);
      });
    const bytesOf = (planned: Planned) => estimate(planned, { workers: 1, held: 0 }).total;
    const plans = made({});
    const ends = [plans[0], plans[6]].map(bytesOf);
    // Engines hold different amounts of one program, and the cheaper one may change on the way.
    const bytes = made({ native: false }).map(bytesOf);
    const flops = plans.map(({ facts }) => facts.flops);
    for (let k = 1; k < plans.length; k++) {
      // But for the programs' own length.
      expect(bytes[k], `${bytes}`).toBeLessThan(bytes[k - 1] + 2 ** 22);
      expect(flops[k], `${flops}`).toBeGreaterThanOrEqual(flops[k - 1]);
    }
    expect(bytes[6]).toBeLessThan(0.7 * bytes[0]);
    expect(ends[1], `${ends}`).toBeLessThan(0.7 * ends[0]);
    expect(plans.map(({ facts }) => facts.checkpoint)).toEqual([false, 0.1, 0.25, 0.5, 0.75, 0.9, true]);
  });

  test('keeps nothing but the inputs between tiles', () => {
    const { point, groups } = planHessian(request(deep, { leaves: 1, recomputed: 1 }), true);
    expect(point).toBeNull();
    expect(groups.every((g) => g.sources.every((s) => s.from === 'input'))).toBe(true);
  });

  test('changes the matrix by rounding only', () => {
    const values = valuesFor(chain(9, 4));
    const plain = runPlanned(planHessian(request(chain(9, 4), { leaves: 1 }), true), values);
    const checkpointed = runPlanned(planHessian(request(chain(9, 4), { leaves: 1, recomputed: 1 }), true), values);
    expect(maxDifference(plain, checkpointed)).toBeLessThan(1e-14);
  });
});
