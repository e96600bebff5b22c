/** The batching rule of every primitive: the same as a loop, wherever the batch axes of the operands are. */

import { describe, expect, it } from 'vitest';
import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { stridesOf, type Value } from '../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../src/ir/params.ts';
import { newOps, primitives, rulesOf } from '../../src/primitives/table.ts';
import { type Sample, samplers } from './samples.ts';
import { apply, avalOf, gap, randomFrom, value } from './support.ts';

const SIZE = 3;

/** Values of one shape as one, along a new axis. */
const stacked = (parts: readonly Value[], axis: number): Value => {
  const { shape, dtype } = parts[0];
  const whole = [...shape.slice(0, axis), parts.length, ...shape.slice(axis)];
  const inner = stridesOf(whole)[axis];
  return value(whole, dtype, (i) => {
    const part = Math.floor(i / inner) % parts.length;
    return parts[part].data[Math.floor(i / (inner * parts.length)) * inner + (i % inner)];
  });
};

/** Every choice of a batch axis, or none, for each operand; at least one has one. */
const placements = (inputs: readonly Value[]): (number | null)[][] => {
  let all: (number | null)[][] = [[]];
  for (const { shape } of inputs) {
    const axes = [null, ...Array.from({ length: shape.length + 1 }, (_, i) => i)];
    all = all.flatMap((head) => axes.map((axis) => [...head, axis]));
  }
  return all.filter((axes) => axes.some((axis) => axis !== null));
};

const names = (Object.keys(primitives) as PrimitiveName[]).filter((name) => name !== 'iota');

describe.each(names)('%s', (name) => {
  it('over a batch is a loop over it', () => {
    // The samples of several seeds are batches of one another: equal shapes and params, other numbers.
    const batches = [1, 2, 3].map((seed) => samplers[name](randomFrom(seed)) as unknown as Sample<Params>[]);
    for (const [k, { inputs, params }] of batches[0].entries()) {
      for (const axes of placements(inputs)) {
        const operands = axes.map((axis, i) => {
          const parts = batches.map((samples) => samples[k].inputs[i]);
          return axis === null ? inputs[i] : stacked(parts, axis);
        });
        const ops = newOps();
        const result = rulesOf(name).vmap(
          ops,
          operands.map((x, i) => ({ value: ops.input(avalOf(x)), axis: axes[i] })),
          params,
          SIZE,
        );
        const program = ops.build([result.value]);
        checkProgram(program);
        const [actual] = evaluateProgram(program, operands);
        const each = batches.map((samples) =>
          apply(
            name,
            axes.map((axis, i) => (axis === null ? inputs : samples[k].inputs)[i]),
            params,
          ),
        );
        // A result without a batch axis is the same for the whole batch.
        if (result.axis === null) for (const one of each) expect(gap(one, each[0])).toBe(0);
        const expected = result.axis === null ? each[0] : stacked(each, result.axis);
        expect(actual.shape).toEqual(expected.shape);
        expect(gap(actual, expected), `batch axes ${axes}`).toBeLessThan(1e-14);
      }
    }
  });
});
