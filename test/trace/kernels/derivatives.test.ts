/** First, second and third derivatives of every kernel's rule in float64, against differences of the order before. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import { grad } from '../../../src/transforms/grad.ts';
import { cases } from './cases/index.ts';
import { checkDerivatives, gap, record } from './check-derivatives.ts';

const differentiable = cases.filter((c) => c.smooth !== false && c.inputs.some((x) => x.dtype === 'float32'));

beforeAll(() => tf.setBackend('cpu'));

describe('derivatives', () => {
  it.each(differentiable)('$name', ({ inputs, f }) => checkDerivatives(inputs, f));
});

/** Kernels of gradients in which tfjs is wrong: they are held against the gradient that the transforms make. */
describe('kernels of gradients', () => {
  const known = cases.flatMap((c) => (c.gradientOf ? [{ ...c, ...c.gradientOf }] : []));
  it.each(known)('$name', (given) => {
    const { program, inputs } = record(given.inputs, given.f);
    const primal = record(given.inputs, given.primal);
    const wanted = primal.active.map((_, i) => i === given.operand);
    const [, expected] = evaluateProgram(grad(primal.program, wanted, 0), primal.inputs);
    expect(gap(evaluateProgram(program, inputs), [expected])).toBeLessThan(1e-12);
  });
});
