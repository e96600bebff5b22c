/** Every rule of every primitive, taken from the table. */

import { describe, expect, it } from 'vitest';
import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { isFloat, sizeOf, type Value } from '../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../src/ir/params.ts';
import type { Program } from '../../src/ir/program.ts';
import { newOps, primitives, rulesOf } from '../../src/primitives/table.ts';
import { jvp } from '../../src/transforms/jvp.ts';
import { linearize } from '../../src/transforms/linearize.ts';
import { transposeInto } from '../../src/transforms/transpose.ts';
import { type Sample, samplers } from './samples.ts';
import {
  apply,
  avalOf,
  axpy,
  floatIndices,
  gap,
  inner,
  oneEquation,
  randomFrom,
  tangentLike,
  value,
} from './support.ts';

const names = Object.keys(primitives) as PrimitiveName[];
const samplesOf = (name: PrimitiveName): Sample<Params>[] =>
  (samplers[name]?.(randomFrom(7)) ?? []) as unknown as Sample<Params>[];

const STEP = 1e-5;

/** The directional derivative of a program by central differences. */
const difference = (program: Program, inputs: readonly Value[], tangents: readonly (Value | null)[]): Value => {
  const shifted = (h: number) =>
    evaluateProgram(
      program,
      inputs.map((x, i) => {
        const t = tangents[i];
        return t ? axpy(h, t, x) : x;
      }),
    )[0];
  const [ahead, behind] = [shifted(STEP), shifted(-STEP)];
  return value(ahead.shape, ahead.dtype, (i) => (ahead.data[i] - behind.data[i]) / (2 * STEP));
};

/** The program of the tangent output alone. */
const tangentProgram = (program: Program, active: readonly boolean[]): Program => {
  const both = jvp(program, active);
  checkProgram(both);
  return { ...both, outputs: both.outputs.slice(program.outputs.length) };
};

describe.each(names)('%s', (name) => {
  const samples = samplesOf(name);
  const rules = rulesOf(name);
  const random = randomFrom(11);
  const programs = samples.map(({ inputs, params }) => oneEquation(name, inputs.map(avalOf), params));

  it('has samples, a checked program, a result of the inferred size and a cost', () => {
    expect(samples.length).toBeGreaterThan(0);
    for (const [i, { inputs, params }] of samples.entries()) {
      checkProgram(programs[i]);
      const [output] = evaluateProgram(programs[i], inputs);
      expect(output.data.length).toBe(sizeOf(output.shape));
      expect(rules.cost(inputs.map(avalOf), params, avalOf(output))).toBeGreaterThanOrEqual(0);
    }
  });

  const differentiable = samples.flatMap((sample, i) => {
    const floats = floatIndices(sample.inputs);
    return floats.length > 0 && isFloat(programs[i].outputs[0].aval.dtype) ? [{ ...sample, program: programs[i] }] : [];
  });

  it('has a jvp that agrees with finite differences, and so has that', () => {
    // Its tangent is what its rule says, whatever its value does: test/trace/custom-gradient.test.ts has both.
    if (name === 'custom_jvp') return;
    for (const { inputs, program } of differentiable) {
      const floats = floatIndices(inputs);
      const choices = floats.length === 1 ? [floats] : [floats, ...floats.map((i) => [i])];
      for (const chosen of choices) {
        const active = inputs.map((_, i) => chosen.includes(i));
        const tangents = inputs.map((x, i) => (active[i] ? tangentLike(x, random) : null));
        const given = tangents.filter((t) => t !== null);
        const first = tangentProgram(program, active);
        const [tangent] = evaluateProgram(first, [...inputs, ...given]);
        expect(gap(tangent, difference(program, inputs, tangents))).toBeLessThan(1e-7);

        const second = tangentProgram(
          first,
          first.inputs.map((v) => isFloat(v.aval.dtype)),
        );
        const all = [...inputs, ...given];
        const directions = all.map((x) => (isFloat(x.dtype) ? tangentLike(x, random) : null));
        const [curved] = evaluateProgram(second, [...all, ...directions.filter((t) => t !== null)]);
        expect(gap(curved, difference(first, all, directions))).toBeLessThan(1e-7);
      }
    }
  });

  it('has a linearization whose transpose is its adjoint', () => {
    for (const { inputs, program } of differentiable) {
      const active = inputs.map((x) => isFloat(x.dtype));
      const { point, rest } = linearize(program, active);
      checkProgram(point);
      checkProgram(rest);
      const residuals = evaluateProgram(point, inputs);
      const tangents = floatIndices(inputs).map((i) => tangentLike(inputs[i], random));
      const [pushed] = evaluateProgram(rest, [...residuals, ...tangents]);
      const cotangent = tangentLike(pushed, random);

      const ops = newOps();
      const known = residuals.map((r) => ops.input(avalOf(r)));
      const seed = ops.input(avalOf(pushed));
      const pulled = transposeInto(ops, rest, [...known, ...tangents.map(() => undefined)], [seed]);
      const backward = ops.build(pulled.map((ct, i) => ct ?? ops.literal(0, tangents[i].shape, 'float64')));
      checkProgram(backward);
      const cotangents = evaluateProgram(backward, [...residuals, cotangent]);
      const there = inner(pushed, cotangent);
      const back = tangents.reduce((sum, t, i) => sum + inner(t, cotangents[i]), 0);
      expect(Math.abs(there - back)).toBeLessThan(1e-12 * Math.max(1, Math.abs(there)));
    }
  });

  it('has a transpose where it is linear, or says that it is not', () => {
    if (rules.transpose === 'nonlinear') return;
    let linear = 0;
    for (const { inputs, params } of differentiable) {
      const floats = floatIndices(inputs);
      for (const chosen of [...floats.map((i) => [i]), floats]) {
        const at = (scale: number) =>
          apply(
            name,
            inputs.map((x, i) => (chosen.includes(i) ? axpy(scale - 1, x, x) : x)),
            params,
          );
        const isLinear = gap(at(0), axpy(-1, at(0), at(0))) === 0 && gap(at(2), axpy(1, at(1), at(1))) < 1e-12;
        if (!isLinear) continue;
        linear++;
        const output = at(1);
        const cotangent = tangentLike(output, random);
        const ops = newOps();
        const vars = inputs.map((x) => ops.input(avalOf(x)));
        const seed = ops.input(avalOf(output));
        const results = rules.transpose(
          ops,
          seed,
          vars.map((v, i) => (chosen.includes(i) ? undefined : v)),
          params,
          inputs.map(avalOf),
        );
        const program = ops.build(chosen.map((i) => results[i] ?? ops.full(vars[i], 0)));
        checkProgram(program);
        const cotangents = evaluateProgram(program, [...inputs, cotangent]);
        const back = chosen.reduce((sum, i, k) => sum + inner(inputs[i], cotangents[k]), 0);
        const there = inner(output, cotangent);
        expect(Math.abs(there - back)).toBeLessThan(1e-12 * Math.max(1, Math.abs(there)));
      }
    }
    expect(linear).toBeGreaterThan(0);
  });
});
