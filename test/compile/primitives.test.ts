/** Every primitive in every dtype on each engine: the plain evaluator's values, on samples and on special values. */

import { describe, expect, it } from 'vitest';
import type { Dtype } from '../../src/ir/aval.ts';
import {
  ALONG,
  alongCases,
  type Case,
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
} from './cases.ts';
import { differsOn, ENGINES, type Engine } from './support.ts';

const TOLERANCE: Record<Dtype, number> = { float64: 1e-14, float32: 2e-6, int32: 0, bool: 0 };

const expectRight = async (engine: Engine, cases: readonly Case[], tolerance: number): Promise<void> => {
  for (const { program, inputs } of cases) {
    expect(await differsOn(engine, program, inputs, tolerance)).toBeUndefined();
  }
};

describe.each(ENGINES)('on %s', (engine) => {
  describe.each(names)('%s', (name) => {
    it.each(DTYPES)('samples in %s', (dtype) => expectRight(engine, sampleCases(name, dtype), TOLERANCE[dtype]));

    it.each(DTYPES.filter((dtype) => specialCases(name, dtype).length > 0))('special values in %s', (dtype) =>
      expectRight(engine, specialCases(name, dtype), TOLERANCE[dtype]),
    );
  });
});

describe.each(ENGINES)('other shapes on %s', (engine) => {
  it.each(SHAPES)('%s of [%s] by %o', (...shape) =>
    expectRight(
      engine,
      NUMBERS.map((dtype) => shapeCase(shape, dtype)),
      0,
    ),
  );

  it.each(GATHERS)('gather from [%s] at [%s] along %i, and its transpose', (...gather) =>
    expectRight(
      engine,
      DTYPES.flatMap((dtype) => gatherCases(gather, dtype)),
      0,
    ),
  );

  it('argtopk of short and long lines with ties, NaN and infinities', () => expectRight(engine, topkCases(), 0));

  it.each(ALONG)('%s over short and long rows with NaN and infinities', (name) =>
    expectRight(engine, alongCases(name), 0),
  );
});
