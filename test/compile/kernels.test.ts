/** Every case of every kernel of tfjs on the engine: its value in float32; in float64 a product with its Hessian, where it has one. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { type FloatDtype, isFloat, type Value } from '../../src/ir/aval.ts';
import type { Program } from '../../src/ir/program.ts';
import { grad } from '../../src/transforms/grad.ts';
import { jvp } from '../../src/transforms/jvp.ts';
import { type Case, floats, tensorOf } from '../trace/kernels/case.ts';
import { cases } from '../trace/kernels/cases/index.ts';
import { record, scalarOf } from '../trace/kernels/check-derivatives.ts';
import { readValue, shadow } from '../trace/kernels/shadow.ts';
import { differsOn } from './support.ts';

interface Job {
  readonly program: Program;
  readonly given: readonly Value[];
}

const recorded = ({ inputs, f }: Case, precision: FloatDtype): Job => {
  const tensors = inputs.map(tensorOf);
  const { program, constants } = shadow(f, tensors, precision);
  return { program, given: [...tensors.map((t) => readValue(t, precision)), ...constants] };
};

/** Undefined where the case has no derivative, or is at a corner, where the engine may take the other side. */
const hessianProduct = ({ inputs, f, smooth }: Case): Job | undefined => {
  const { program, inputs: given, active, result } = record(inputs, f);
  if (smooth === false || !isFloat(result.dtype) || !active.includes(true)) return undefined;
  const seeds = given.flatMap((x, i) =>
    active[i] ? [{ ...x, data: Float64Array.from(floats([...x.shape], 7 + i).values) }] : [],
  );
  return { program: jvp(grad(scalarOf(program, result), active, 0), active), given: [...given, ...seeds] };
};

beforeAll(() => tf.setBackend('cpu'));

it.each(cases)('in float32: $name', async (tested) => {
  const { program, given } = recorded(tested, 'float32');
  expect(await differsOn('onnx', program, given, 2e-5)).toBeUndefined();
});

it.each(cases)('in float64: $name', async (tested) => {
  const { program, given } = hessianProduct(tested) ?? recorded(tested, 'float64');
  expect(await differsOn('onnx', program, given, 1e-10)).toBeUndefined();
});
