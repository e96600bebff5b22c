/** The conformance suite of primitives on TensorFlow, compiled by XLA and operation by operation: the plain evaluator's values. */

import { describe, expect, it, vi } from 'vitest';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Dtype, Value } from '../../../src/ir/aval.ts';
import { printProgram } from '../../../src/ir/printer.ts';
import type { Program } from '../../../src/ir/program.ts';
import { value } from '../../primitives/support.ts';
import { tensorflowMissing as missing } from '../../support/tensorflow.ts';
import {
  ALONG,
  alongCases,
  type Case,
  caseOf,
  DTYPES,
  GATHERS,
  gatherCases,
  NUMBERS,
  names,
  SHAPES,
  sampleCases,
  shapeCase,
  specialCases,
  topkCases,
} from '../cases.ts';
import { disagreement, runOn } from '../support.ts';

vi.setConfig({ testTimeout: 120_000 });

const ENGINES = ['tensorflow', 'tensorflow-ops'] as const;
type Engine = (typeof ENGINES)[number];

const TOLERANCE: Record<Dtype, number> = { float64: 1e-14, float32: 2e-6, int32: 0, bool: 0 };

/** All cases as one program: each that is made costs half a second. */
const together = (cases: readonly Case[]): Program => ({
  inputs: cases.flatMap(({ program }) => program.inputs),
  equations: cases.flatMap(({ program }) => program.equations),
  outputs: cases.flatMap(({ program }) => program.outputs),
});

const expectRight = async (engine: Engine, cases: readonly Case[], tolerance: number): Promise<void> => {
  if (cases.length === 0) return;
  const inputs = cases.flatMap((one) => one.inputs);
  const made = (await runOn(engine, together(cases), inputs)) as Value[];
  for (const [k, { program, inputs: own }] of cases.entries()) {
    const found = disagreement([made[k]], evaluateProgram(program, own), tolerance);
    expect(found && `${found} in\n${printProgram(program)}`).toBeUndefined();
  }
};

describe.skipIf(missing)(`on TensorFlow${missing ? `: skipped, ${missing}` : ''}`, () => {
  describe.each(ENGINES)('%s', (engine) => {
    describe.each(names)('%s', (name) => {
      it.each(DTYPES)('samples and special values in %s', async (dtype) => {
        await expectRight(engine, sampleCases(name, dtype), TOLERANCE[dtype]);
        await expectRight(engine, specialCases(name, dtype), TOLERANCE[dtype]);
      });
    });

    it('other shapes', () =>
      expectRight(
        engine,
        NUMBERS.flatMap((dtype) => SHAPES.map((shape) => shapeCase(shape, dtype))),
        0,
      ));

    it('gather and its transpose', () =>
      expectRight(
        engine,
        DTYPES.flatMap((dtype) => GATHERS.flatMap((gather) => gatherCases(gather, dtype))),
        0,
      ));

    it('argtopk of short and long lines with ties, NaN and infinities', () => expectRight(engine, topkCases(), 0));

    it.each(['float64', 'float32', 'int32'] as const)('running sums of long lines, both ways, in %s', (dtype) => {
      const numbers = [17, 520].flatMap((length) =>
        [0, 1].map((axis) => {
          const shape = axis === 1 ? [3, length] : [length, 3];
          return value(shape, dtype, (i) => (dtype !== 'int32' && i === length ? Number.NaN : (i * 7) % 11));
        }),
      );
      const cases = numbers.flatMap((x, k) =>
        [false, true].flatMap((reverse) =>
          [false, true].map((exclusive) => caseOf('cumsum', [x], { axis: k % 2, exclusive, reverse })),
        ),
      );
      return expectRight(engine, cases, 0);
    });

    it.each(ALONG)('%s over short and long rows with NaN and infinities', (name) =>
      expectRight(engine, alongCases(name), 0),
    );
  });
});
