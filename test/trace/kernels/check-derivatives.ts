/** First, second and third derivatives of a recorded function in float64, against differences of the order before. */

import type * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import { isFloat, sizeOf, type Value } from '../../../src/ir/aval.ts';
import type { Program } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { grad } from '../../../src/transforms/grad.ts';
import { jvp } from '../../../src/transforms/jvp.ts';
import { replay } from '../../../src/transforms/replay.ts';
import { floats, type Input, tensorOf } from './case.ts';
import { readValue, shadow } from './shadow.ts';

/** The sum of sin(F(x)·w), which has derivatives of every order even where F is linear; w keeps its arguments small. */
export const scalarOf = (program: Program, result: Value): Program => {
  const ops = newOps();
  const inputs = program.inputs.map((v) => ops.input(v.aval));
  const [y] = replay(ops, program, inputs);
  const flat = ops.reshape(y, [sizeOf(y.aval.shape)]);
  let largest = 1;
  for (const v of result.data) largest = Math.max(largest, Math.abs(v));
  const waves = ops.unary('sin', ops.iota(flat.aval.shape, 0, 'float64'));
  const weights = ops.mul(ops.add(waves, 1.5), 1 / largest);
  return ops.build([ops.sum(ops.unary('sin', ops.mul(flat, weights)), [0])]);
};

const moved = (x: Value, direction: Value, h: number): Value => ({
  ...x,
  data: Float64Array.from(x.data, (v, i) => v + h * direction.data[i]),
});

/** The greatest difference, relative to the largest number and at least to 1. */
export const gap = (a: readonly Value[], b: readonly Value[]): number => {
  let worst = 0;
  let scale = 1;
  for (const [k, x] of a.entries()) {
    for (const [i, v] of x.data.entries()) {
      scale = Math.max(scale, Math.abs(v));
      worst = Math.max(worst, Math.abs(v - b[k].data[i]));
      if (Number.isNaN(v)) return Number.POSITIVE_INFINITY;
    }
  }
  return worst / scale;
};

const STEP = 1e-5;

/** Whether pushing a direction through a program agrees with differences of its outputs. */
const directionalGap = (
  program: Program,
  inputs: readonly Value[],
  active: readonly boolean[],
  directions: readonly Value[],
): number => {
  const seeds = directions.filter((_, i) => active[i]);
  const pushed = evaluateProgram(jvp(program, active), [...inputs, ...seeds]).slice(program.outputs.length);
  const at = (h: number): Value[] =>
    evaluateProgram(
      program,
      inputs.map((x, i) => (active[i] ? moved(x, directions[i], h) : x)),
    );
  const [near, far] = [STEP, 2 * STEP].map((h) => [at(h), at(-h)]);
  // Richardson: the error is of fourth order in the step.
  const differences = pushed.map((v, k) => ({
    ...v,
    data: Float64Array.from(
      v.data,
      (_, i) => (8 * (near[0][k].data[i] - near[1][k].data[i]) - (far[0][k].data[i] - far[1][k].data[i])) / (12 * STEP),
    ),
  }));
  return gap(pushed, differences);
};

const inner = (a: readonly Value[], b: readonly Value[]): number => {
  let sum = 0;
  for (const [k, x] of a.entries()) for (const [i, v] of x.data.entries()) sum += v * b[k].data[i];
  return sum;
};

/** A function in float64: its program, its operands with the constants that it captured, and which of these are differentiated in. */
export const record = (given: readonly Input[], f: (...inputs: tf.Tensor[]) => tf.Tensor) => {
  const tensors = given.map(tensorOf);
  const { program, constants, result } = shadow(f, tensors, 'float64');
  const inputs = [...tensors.map((t) => readValue(t, 'float64')), ...constants];
  const active = inputs.map((x, i) => i < tensors.length && isFloat(x.dtype));
  return { program, inputs, active, result };
};

/** First, second and third derivatives of a function, against differences of the order before. */
export const checkDerivatives = (given: readonly Input[], f: (...inputs: tf.Tensor[]) => tf.Tensor): void =>
  checkProgramDerivatives(record(given, f));

interface Recorded {
  readonly program: Program;
  readonly inputs: readonly Value[];
  readonly active: readonly boolean[];
  readonly result: Value;
}

/** The same of a program that is recorded already. */
export const checkProgramDerivatives = ({ program, inputs, active, result }: Recorded): void => {
  if (!isFloat(result.dtype)) return;
  const directions = inputs.map((x, i) => ({ ...x, data: Float64Array.from(floats([...x.shape], 11 + i).values) }));
  const seeds = directions.filter((_, i) => active[i]);
  expect(directionalGap(program, inputs, active, directions), 'first order').toBeLessThan(1e-7);

  const scalar = scalarOf(program, result);
  const first = grad(scalar, active, 0);
  const [, ...gradient] = evaluateProgram(first, inputs);
  const slope = evaluateProgram(jvp(scalar, active), [...inputs, ...seeds])[1].data[0];
  expect(Math.abs(slope - inner(gradient, seeds)) / Math.max(1, Math.abs(slope)), 'transpose').toBeLessThan(1e-12);
  expect(directionalGap(first, inputs, active, directions), 'second order').toBeLessThan(1e-7);

  const still = [...active, ...seeds.map(() => false)];
  const third = directionalGap(jvp(first, active), [...inputs, ...seeds], still, [...directions, ...seeds]);
  expect(third, 'third order').toBeLessThan(1e-6);
};
