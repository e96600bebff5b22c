/** First and second derivatives at ties and corners, against those of the JAX functions that docs/corners.md names. */

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64, hessian } from '../../src/index.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { sizeOf, type Value } from '../../src/ir/aval.ts';
import type { Program } from '../../src/ir/program.ts';
import { newOps } from '../../src/primitives/table.ts';
import { grad } from '../../src/transforms/grad.ts';
import { jvp } from '../../src/transforms/jvp.ts';
import { replay } from '../../src/transforms/replay.ts';
import { corners } from './corners.ts';
import { shadow } from './kernels/shadow.ts';

interface Corner {
  readonly x: readonly number[];
  readonly value: number | string;
  readonly gradient: readonly (number | string)[];
  readonly hessian: readonly (number | string)[];
}

const fixture: Record<string, Corner> = JSON.parse(
  readFileSync(new URL('../fixtures/corners.json', import.meta.url), 'utf8'),
);

const summed = (program: Program): Program => {
  const ops = newOps();
  const inputs = program.inputs.map((v) => ops.input(v.aval));
  const [y] = replay(ops, program, inputs);
  return ops.build([ops.sum(ops.reshape(y, [sizeOf(y.aval.shape)]), [0])]);
};

/** Corners where JAX gets NaN out of 0·∞ although the derivative exists, and the program finds it. */
const BETTER: Readonly<Record<string, { gradient?: number[]; hessian?: number[] }>> = {
  where: { gradient: [2, 2, 1], hessian: [0, 0, 0, 0, 0, 0, 0, 0, -1] },
  // x¹ at 0: in x its second derivative is 0.
  'power of two': {},
};

/** A NaN in JAX must not be a finite number here, unless `better` has one. */
const expectEqual = (
  what: string,
  actual: ArrayLike<number>,
  expected: readonly (number | string)[],
  exact: boolean,
): void => {
  const wanted = expected.map(Number);
  const scale = Math.max(...wanted.map((v) => (Number.isFinite(v) ? Math.abs(v) : 0)), 1e-300);
  for (const [i, v] of wanted.entries()) {
    const same = Number.isNaN(v) ? !exact || !Number.isFinite(actual[i]) : Object.is(actual[i], v);
    const close = Number.isFinite(v) ? Math.abs(actual[i] - v) <= 1e-12 * scale : same;
    expect(close, `${what}[${i}] is ${actual[i]}, in JAX ${v}`).toBe(true);
  }
};

beforeAll(() => tf.setBackend('cpu'));

describe('corners', () => {
  it('are the same in the fixture and here', () => {
    expect(Object.keys(corners).sort()).toEqual(Object.keys(fixture).sort());
  });

  it.each(Object.keys(corners))('%s', (name) => {
    const { x, value, gradient, hessian } = fixture[name];
    const n = x.length;
    const { program, constants } = shadow(
      corners[name] as (x: tf.Tensor) => tf.Tensor,
      [tf.tensor1d([...x])],
      'float64',
    );
    const inputs: Value[] = [{ shape: [n], dtype: 'float64', data: Float64Array.from(x) }, ...constants];
    const active = inputs.map((_, i) => i === 0);
    const first = grad(summed(program), active, 0);
    const [total, slope] = evaluateProgram(first, inputs);
    const better = BETTER[name];
    expectEqual('value', total.data, [value], true);
    expectEqual('gradient', slope.data, better?.gradient ?? gradient, true);
    const second = jvp(first, active);
    const matrix = new Float64Array(n * n);
    for (let j = 0; j < n; j++) {
      const seed = { shape: [n], dtype: 'float64' as const, data: new Float64Array(n) };
      seed.data[j] = 1;
      const column = evaluateProgram(second, [...inputs, seed])[3].data;
      for (let i = 0; i < n; i++) matrix[i * n + j] = column[i];
    }
    expectEqual('hessian', matrix, better?.hessian ?? hessian, better === undefined);
  });
});

describe('divNoNan', () => {
  it.each([true, false])('has no derivative where it divides by 0 (jit: %s)', async (jit) => {
    const start = { a: float64([1, 3]), b: float64([0, 2]) };
    const f = ({ a, b }: typeof start) => tf.divNoNan(a, b).square().sum();
    const { H } = await hessian(f, start, { jit });
    // (a / b)² for a = 3, b = 2.
    const expected = [
      [0, 0, 0, 0],
      [0, 1 / 2, 0, -3 / 2],
      [0, 0, 0, 0],
      [0, -3 / 2, 0, 27 / 8],
    ];
    for (const [i, row] of expected.entries()) {
      for (const [j, v] of row.entries()) expect(H.get(i, j), `${i}, ${j}`).toBeCloseTo(v, 12);
    }
  });
});
