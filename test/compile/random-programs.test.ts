/** Random programs on the engine: the same values as by the plain evaluator, whatever is kept unexpanded in between. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { printProgram } from '../../src/ir/printer.ts';
import type { Atom } from '../../src/ir/program.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';
import { randomProgram } from '../primitives/random-program.ts';
import { randomFrom, value } from '../primitives/support.ts';
import { disagreement, ENGINES, type Engine, runOn } from './support.ts';

/** Whole numbers stay exact up to here. */
const EXACT = 2 ** 40;

/** Ragged against any number of lanes: whole vectors, rests, both, neither. */
const RAGGED = [[5, 7], [7, 5], [13], [3, 5, 7], [17, 3], [1, 33], [2, 19, 4], []];

const check = async (engine: Engine, seed: number, make: (ops: Ops) => Atom[]): Promise<boolean> => {
  const ops = newOps();
  const whole = ops.build(make(ops));
  const random = randomFrom(seed + 1);
  const inputs = whole.inputs.map((v) => value(v.aval.shape, 'float64', () => Math.floor(random() * 7) - 3));
  const values = evaluateProgram(whole, inputs);
  const exact = values.map((v) => v.data.every((x) => Math.abs(x) < EXACT));
  const program = { ...whole, outputs: whole.outputs.filter((_, i) => exact[i]) };
  const expected = values.filter((_, i) => exact[i]);
  const actual = await runOn(engine, program, inputs);
  if (!actual) return false;
  const found = disagreement(actual, expected, 0);
  expect(found && `${found} in\n${printProgram(program)}`).toBeUndefined();
  return true;
};

describe.each(ENGINES)('a random program on %s', (engine) => {
  it('has the same outputs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        await check(engine, seed, (ops) => randomProgram(randomFrom(seed), ops, 16).outputs);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a random program of larger arrays, as loops', () => {
  it('has the same outputs', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        // Few outputs: most values needn't be made, and are computed where they are read.
        const make = (ops: Ops): Atom[] => randomProgram(randomFrom(seed), ops, 14, RAGGED, 4000).outputs.slice(-3);
        if (await check('native', seed, make)) taken++;
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(150);
  });
});
