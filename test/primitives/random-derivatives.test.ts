/** Rules and folds together: derivatives, adjoints and batches of random programs. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { Value } from '../../src/ir/aval.ts';
import { printProgram } from '../../src/ir/printer.ts';
import type { Program } from '../../src/ir/program.ts';
import { batchedAt } from '../../src/primitives/batching.ts';
import { newOps } from '../../src/primitives/table.ts';
import { jvp } from '../../src/transforms/jvp.ts';
import { linearize } from '../../src/transforms/linearize.ts';
import { transposeInto } from '../../src/transforms/transpose.ts';
import { vmapInto } from '../../src/transforms/vmap.ts';
import { randomProgram } from './random-program.ts';
import { avalOf, gap, inner, randomFrom, value } from './support.ts';

const SIZE = 3;

const programOf = (seed: number): Program => {
  const ops = newOps();
  return ops.build(randomProgram(randomFrom(seed), ops, 16).outputs.slice(-3));
};

/** Whole numbers, so that ties occur. */
const wholeLike = (program: Program, random: () => number): Value[] =>
  program.inputs.map((v) => value(v.aval.shape, 'float64', () => Math.floor(random() * 5) - 2));

const moderate = (values: readonly Value[]): boolean =>
  values.every((v) => v.data.every((entry) => Math.abs(entry) < 1e6));

/** The part of a batched value that belongs to one of the batch. */
const partOf = (x: Value, axis: number | null, k: number): Value => {
  if (axis === null) return x;
  const ops = newOps();
  const v = ops.input(avalOf(x));
  const shape = x.shape.toSpliced(axis, 1);
  return evaluateProgram(ops.build([ops.reshape(ops.sliceAxis(v, axis, k, k + 1), shape)]), [x])[0];
};

describe('a random program', () => {
  it('has one derivative, pushed forward, linearized or pulled back', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const program = programOf(seed);
        const random = randomFrom(seed + 1);
        const inputs = wholeLike(program, random);
        const tangents = wholeLike(program, random);
        const active = inputs.map(() => true);
        const pushed = evaluateProgram(jvp(program, active), [...inputs, ...tangents]);
        if (!moderate(pushed)) return;
        const expected = pushed.slice(program.outputs.length);

        const { point, rest } = linearize(program, active);
        checkProgram(point);
        checkProgram(rest);
        const residuals = evaluateProgram(point, inputs);
        const linearized = evaluateProgram(rest, [...residuals, ...tangents]);
        for (const [i, t] of linearized.entries()) expect(gap(t, expected[i])).toBeLessThan(1e-10);

        const cotangents = expected.map((t) => value(t.shape, 'float64', () => Math.floor(random() * 5) - 2));
        const ops = newOps();
        const known = residuals.map((r) => ops.input(avalOf(r)));
        const seeds = cotangents.map((ct) => ops.input(avalOf(ct)));
        const pulled = transposeInto(ops, rest, [...known, ...tangents.map(() => undefined)], seeds);
        const backward = ops.build(pulled.map((ct, i) => ct ?? ops.full(program.inputs[i], 0)));
        checkProgram(backward);
        const results = evaluateProgram(backward, [...residuals, ...cotangents]);
        const there = expected.reduce((sum, t, i) => sum + inner(t, cotangents[i]), 0);
        const back = tangents.reduce((sum, t, i) => sum + inner(t, results[i]), 0);
        expect(Math.abs(there - back), printProgram(program)).toBeLessThan(1e-9 * Math.max(1, Math.abs(there)));
      }),
      { numRuns: 400 },
    );
  });

  it('and its tangents over a batch are a loop over it', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const plain = programOf(seed);
        const program = jvp(
          plain,
          plain.inputs.map(() => true),
        );
        const random = randomFrom(seed + 2);
        const axes = program.inputs.map(({ aval }) =>
          random() < 0.4 ? null : Math.floor(random() * (aval.shape.length + 1)),
        );
        const ops = newOps();
        const inputs = program.inputs.map(({ aval }, i) => {
          const axis = axes[i];
          const shape = axis === null ? aval.shape : aval.shape.toSpliced(axis, 0, SIZE);
          return { value: ops.input({ shape, dtype: aval.dtype }), axis };
        });
        const outputs = vmapInto(ops, program, inputs, SIZE);
        const batched = ops.build(outputs.map((b) => batchedAt(ops, b, SIZE, 0)));
        checkProgram(batched);
        const values = wholeLike(batched, random);
        const together = evaluateProgram(batched, values);
        for (let k = 0; k < SIZE; k++) {
          const alone = evaluateProgram(
            program,
            values.map((x, i) => partOf(x, axes[i], k)),
          );
          if (!moderate(alone)) return;
          for (const [i, want] of alone.entries()) expect(gap(partOf(together[i], 0, k), want)).toBeLessThan(1e-10);
        }
      }),
      { numRuns: 400 },
    );
  });
});
