/** Random programs on the engine: the same values as by the plain evaluator, whatever is kept unexpanded in between. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { printProgram } from '../../src/ir/printer.ts';
import { newOps } from '../../src/primitives/table.ts';
import { randomProgram } from '../primitives/random-program.ts';
import { randomFrom, value } from '../primitives/support.ts';
import { disagreement, ENGINES, runOn } from './support.ts';

/** Whole numbers stay exact up to here. */
const EXACT = 2 ** 40;

describe.each(ENGINES)('a random program on %s', (engine) => {
  it('has the same outputs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const ops = newOps();
        const { outputs } = randomProgram(randomFrom(seed), ops, 16);
        const whole = ops.build(outputs);
        const random = randomFrom(seed + 1);
        const inputs = whole.inputs.map((v) => value(v.aval.shape, 'float64', () => Math.floor(random() * 7) - 3));
        const values = evaluateProgram(whole, inputs);
        const exact = values.map((v) => v.data.every((x) => Math.abs(x) < EXACT));
        const program = { ...whole, outputs: whole.outputs.filter((_, i) => exact[i]) };
        const expected = values.filter((_, i) => exact[i]);
        const actual = await runOn(engine, program, inputs);
        if (!actual) return;
        const found = disagreement(actual, expected, 0);
        expect(found && `${found} in\n${printProgram(program)}`).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
