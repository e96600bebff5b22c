/** Plans for TensorFlow are priced by TensorFlow's own figures, which know what XLA does well and badly. */

import { describe, expect, test } from 'vitest';
import type { FloatDtype } from '../../src/ir/aval.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import { stitchNanoseconds, tileNanoseconds } from '../../src/plan/cost.ts';
import { matrixBytes } from '../../src/plan/memory.ts';
import { Plan } from '../../src/plan/plan.ts';
import { planHessian } from '../../src/plan/planner.ts';
import { tensorflowNanosecondsOf } from '../../src/plan/tensorflow-cost.ts';
import { newOps } from '../../src/primitives/table.ts';
import { stencil } from '../fusion/programs.ts';
import { network, planRequest } from './programs.ts';

const elementwise = (steps: number, size: number, dtype: FloatDtype, what: 'arithmetic' | 'tanh'): Program => {
  const ops = newOps();
  let x: Atom = ops.input({ shape: [size], dtype });
  for (let k = 0; k < steps; k++) x = what === 'tanh' ? ops.unary(what, x) : ops.add(ops.mul(x, 1.5), k + 0.5);
  return ops.build([x]);
};

describe('a program on TensorFlow', () => {
  test('of many small operations takes less than on ONNX Runtime, where each is a node', () => {
    const program = stencil(40, [8, 8], 'float32');
    expect(tensorflowNanosecondsOf(program)).toBeLessThan(tileNanoseconds(program) / 2);
  });

  test('that gives much takes more: results are copied twice', () => {
    const program = elementwise(1, 2 ** 20, 'float32', 'arithmetic');
    expect(tensorflowNanosecondsOf(program)).toBeGreaterThan(1.5 * tileNanoseconds(program));
  });

  test('in float64 takes twice as long for arithmetic, and many times as long for functions', () => {
    const ratio = (what: 'arithmetic' | 'tanh'): number => {
      const [single, double] = (['float32', 'float64'] as const).map((dtype) =>
        tensorflowNanosecondsOf(elementwise(20, 2 ** 16, dtype, what)),
      );
      return double / single;
    };
    expect(ratio('arithmetic')).toBeCloseTo(2, 0);
    expect(ratio('tanh')).toBeGreaterThan(10);
  });

  test('turns operands of products whose axes stand in another order', () => {
    const [plain, turned] = [
      [0, 1, 2],
      [1, 0, 2],
    ].map((lhs) => {
      const ops = newOps();
      const shape = lhs[0] === 0 ? [16, 64, 64] : [64, 16, 64];
      const x = ops.input({ shape, dtype: 'float32' });
      const y = ops.input({ shape: [16, 64, 64], dtype: 'float32' });
      return tensorflowNanosecondsOf(ops.build([ops.dot(x, y, { lhs, rhs: [0, 2, 3], out: [0, 1, 3] })]));
    });
    expect(turned).toBeGreaterThan(plain);
  });
});

test('a plan for TensorFlow has these prices, and prints them', () => {
  const { scalar } = network();
  const planned = planHessian(planRequest(scalar, { device: 'tensorflow' }), true);
  for (const [k, { program, width, outputs, placement, engine }] of planned.groups.entries()) {
    const { nanoseconds, shaping } = planned.prices[k];
    expect(engine).toBe('tensorflow');
    const tile = (tensorflowNanosecondsOf(program) + stitchNanoseconds(outputs, width, placement)) / width;
    // A contracted tile has its share of what is made at the point beside.
    if (shaping === 'contracted') expect(nanoseconds).toBeGreaterThanOrEqual(tile);
    else expect(nanoseconds).toBe(tile);
  }
  const text = String(new Plan([{ planned, circumstances: { workers: 1, held: matrixBytes(planned) } }]));
  const point = planned.point as Program;
  const micros = Number((tensorflowNanosecondsOf(point) / 1000).toPrecision(3));
  expect(text).toContain(`${micros} µs on tensorflow`);
});
