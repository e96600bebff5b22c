/** Convolutions, poolings and resampled images in all their geometries against JAX: first and second derivatives. */

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileProgram } from '../../src/compile/compile.ts';
import { loadArtifact } from '../../src/compile/load.ts';
import { hessian } from '../../src/diffops.ts';
import { checkProgram } from '../../src/interpret/check.ts';
import { sizeOf, type Value } from '../../src/ir/aval.ts';
import type { Program } from '../../src/ir/program.ts';
import { record } from '../../src/trace/record.ts';
import { grad } from '../../src/transforms/grad.ts';
import { jvp } from '../../src/transforms/jvp.ts';
import { valuesOf } from '../../src/unflatten.ts';
import { flatX } from './recording.ts';
import { functions, type Spec } from './spatial.ts';

interface Case extends Spec {
  readonly value: number;
  readonly gradient: readonly number[];
  readonly hvp: readonly number[];
}

const read = (name: string): Case[] =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));

const nameOf = ({ value: _value, gradient: _gradient, hvp: _hvp, of, ...spec }: Case): string =>
  `${of} ${Object.entries(spec)
    .map(([key, v]) => `${key} ${JSON.stringify(v)}`)
    .join(', ')}`;

/** The fixture's own fractions. */
const sequence = (shape: readonly number[], step: number, modulus: number): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, (_, i) => (((i * step + 11) % modulus) * 2 + 1 - modulus) / 128);

const scalar = (y: tf.Tensor): tf.Tensor => {
  const weights = tf.range(0, y.size).mul(17).mod(7).div(8).add(1);
  return y.flatten().mul(weights).sin().sum();
};

/** x, the direction → value, gradients, and what a directional derivative makes of them. */
const secondDerivative = (spec: Spec): { program: Program; inputs: Value[] } => {
  const leaves = spec.shapes.map((shape, i) => tf.tensor([...sequence(shape, 37 + 6 * i, 127)], shape));
  const x = flatX(leaves);
  const { program, constants } = record(
    (t: tf.Tensor[]) => scalar(functions[spec.of](spec, ...t)),
    x,
    undefined,
    'float64',
  );
  const active = program.inputs.map((_, i) => i < leaves.length);
  const direction: Value[] = spec.shapes.map((shape, i) => ({
    shape,
    dtype: 'float64',
    data: sequence(shape, 53 + 4 * i, 113),
  }));
  const second = jvp(grad(program, active, 0), active);
  return { program: second, inputs: [...valuesOf(x, 'float64'), ...constants, ...direction] };
};

const largest = (values: readonly number[]): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 1);

const expectClose = (what: string, actual: readonly number[], expected: readonly number[]): void => {
  expect(actual, what).toHaveLength(expected.length);
  const scale = largest(expected);
  for (const [i, v] of expected.entries()) {
    expect(Math.abs(actual[i] - v), `${what}[${i}]: ${actual[i]} for ${v}`).toBeLessThan(2e-13 * scale);
  }
};

beforeAll(() => tf.setBackend('cpu'));

describe.each(['convolutions', 'images'])('%s', (family) => {
  it.each(read(family).map((c) => [nameOf(c), c] as const))('%s', async (_name, given) => {
    const { program, inputs } = secondDerivative(given);
    checkProgram(program);
    const count = given.shapes.length;
    for (const engine of ['interpret', 'onnx'] as const) {
      const executable = await loadArtifact(compileProgram(program, engine), { threads: 1 });
      const [value, ...derivatives] = (await executable.run(inputs)).map(({ data }) => [...data]);
      await executable.dispose();
      expectClose(`${engine}: value`, value, [given.value]);
      expectClose(`${engine}: gradient`, derivatives.slice(0, count).flat(), given.gradient);
      expectClose(`${engine}: H v`, derivatives.slice(count + 1).flat(), given.hvp);
    }
  });
});

/** As a user asks for it: planned, cut into blocks, and compiled. */
describe('whole Hessians', () => {
  it.each([...read('convolutions'), ...read('images')].map((c) => [nameOf(c), c] as const))(
    '%s',
    async (_name, given) => {
      const leaves = given.shapes.map((shape, i) => tf.tensor([...sequence(shape, 37 + 6 * i, 127)], shape));
      const f = (t: tf.Tensor[]): tf.Tensor => scalar(functions[given.of](given, ...t));
      const { H } = await hessian(f, leaves, { precision: 'float64', nbatches: 3 });
      const n = H.shape[0];
      const v = given.shapes.flatMap((shape, i) => [...sequence(shape, 53 + 4 * i, 113)]);
      const product = Array.from({ length: n }, (_, i) => v.reduce((sum, vj, j) => sum + H.data[i * n + j] * vj, 0));
      expectClose('H v', product, given.hvp);
    },
  );
});
