/** Every scenario against JAX: each precision, compiled and interpreted, and however the columns are cut. */

import { describe, expect, test, vi } from 'vitest';
import { scenarios } from './scenarios/index.ts';
import { derivativeOf, type Scenario } from './scenarios/scenario.ts';
import { expectClose, TOLERANCE } from './support/close.ts';

// Many compilations per test: seconds on a quiet machine.
vi.setConfig({ testTimeout: 90_000 });

const cuts = ({ kind, n }: Scenario): object[] => [
  {},
  { nbatches: 1 },
  { nbatches: Math.min(3, n) },
  { nbatches: n },
  { checkpoint: true },
  { checkpoint: true, nbatches: 2 },
  ...(kind === 'hessian' ? [{ symmetric: false }] : [{ mode: 'reverse' }, { mode: 'forward' }]),
];

describe.each(['float64', 'float32'] as const)('%s', (precision) => {
  describe.each([true, false])('jit: %s', (jit) => {
    test.each(scenarios)('$kind of $name', async (scenario) => {
      for (const cut of cuts(scenario)) {
        const { matrix } = await derivativeOf(scenario, precision, { jit, ...cut });
        expect(matrix.shape).toEqual(scenario.derivative.shape);
        expect(matrix.dtype).toBe(precision);
        expectClose(matrix.data, scenario.derivative.data, TOLERANCE[precision], JSON.stringify(cut));
      }
    });
  });
});
