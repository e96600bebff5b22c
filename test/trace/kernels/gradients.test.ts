/** The gradients of tfjs, recorded: they reach kernels that have rules, and agree with the transforms' own gradients. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { checkProgram } from '../../../src/interpret/check.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import { grad } from '../../../src/transforms/grad.ts';
import { type Case, type Input, tensorOf } from './case.ts';
import { cases } from './cases/index.ts';
import { readValue, shadow } from './shadow.ts';

const isActive = (x: Input): boolean => x.dtype === 'float32';

const squares =
  ({ f }: Case) =>
  (...given: tf.Tensor[]): tf.Tensor =>
    f(...given).square();

/** The gradients by tfjs of the sum of squares of f, in f's float operands, in a row. */
const gradientsOf =
  (tested: Case) =>
  (...given: tf.Tensor[]): tf.Tensor => {
    const places = tested.inputs.flatMap((x, i) => (isActive(x) ? [i] : []));
    const ofFloats = (...active: tf.Tensor[]): tf.Tensor => {
      const all = [...given];
      for (const [k, i] of places.entries()) all[i] = active[k];
      return squares(tested)(...all);
    };
    return tf.concat(
      tf
        .grads(ofFloats)(places.map((i) => given[i]))
        .map((g) => g.flatten()),
    );
  };

/** Some kernels of tfjs have no gradient, and some of those no second one. */
const hasGradient = (tested: Case): boolean => {
  try {
    gradientsOf(tested)(...tested.inputs.map(tensorOf));
    return true;
  } catch {
    return false;
  }
};

const smooth = cases.filter((c) => c.smooth !== false && !c.otherGradient && c.inputs.some(isActive));

beforeAll(() => tf.setBackend('cpu'));

it.each(smooth)('$name', (tested) => {
  if (!hasGradient(tested)) return;
  const tensors = tested.inputs.map(tensorOf);
  const inputs = tensors.map((t) => readValue(t, 'float64'));
  const recorded = shadow(gradientsOf(tested), tensors, 'float64');
  if (!tested.differs) expect(recorded.mismatches).toEqual([]);
  checkProgram(recorded.program);
  const [output] = evaluateProgram(recorded.program, [...inputs, ...recorded.constants]);

  const primal = shadow((...given) => squares(tested)(...given).sum(), tensors, 'float64');
  const everything = [...inputs, ...primal.constants];
  const active = everything.map((_, i) => i < tensors.length && isActive(tested.inputs[i]));
  const expected = evaluateProgram(grad(primal.program, active, 0), everything).slice(1);
  const flat = expected.flatMap(({ data }) => Array.from(data as Float64Array));
  expect(output.data.length).toBe(flat.length);
  // The constants in formulas of tfjs are float32.
  const largest = Math.max(1, ...flat.map(Math.abs));
  for (const [i, v] of flat.entries()) expect(Math.abs(output.data[i] - v)).toBeLessThan(1e-6 * largest);
});
