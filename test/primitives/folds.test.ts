/** Folding changes no value: random programs built with and without it, and what each fold is for. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { printProgram } from '../../src/ir/printer.ts';
import { Ops } from '../../src/primitives/ops.ts';
import { newOps, rulesOf } from '../../src/primitives/table.ts';
import { randomProgram } from './random-program.ts';
import { avalOf, randomFrom, value } from './support.ts';

/** A builder that folds nothing. */
const plainOps = (): Ops =>
  new Ops({ infer: (name, inputs, params) => rulesOf(name).shape(inputs, params), fold: () => undefined });

/** Whole numbers stay exact up to here. */
const EXACT = 2 ** 40;

describe('folding', () => {
  it('preserves the value of random programs', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const build = (ops: Ops) => {
          const { outputs } = randomProgram(randomFrom(seed), ops, 24);
          return ops.build(outputs);
        };
        const plain = build(plainOps());
        const folded = build(newOps());
        checkProgram(plain);
        checkProgram(folded);
        expect(folded.outputs.length).toBe(plain.outputs.length);
        const random = randomFrom(seed + 1);
        const inputs = plain.inputs.map((v) => value(v.aval.shape, 'float64', () => Math.floor(random() * 7) - 3));
        const expected = evaluateProgram(plain, inputs);
        const actual = evaluateProgram(folded, inputs);
        for (const [i, want] of expected.entries()) {
          expect(avalOf(actual[i])).toEqual(avalOf(want));
          if (!want.data.every((v) => Math.abs(v) < EXACT)) break;
          for (const [j, v] of want.data.entries())
            if (actual[i].data[j] !== v) {
              throw new Error(`output ${i} differs in\n${printProgram(plain)}\n\n${printProgram(folded)}`);
            }
        }
      }),
      { numRuns: 3000 },
    );
  });
});
