/** What each lever can be, for tests that try all of it, on programs so small that no size or price would pull one. */

import fc from 'fast-check';
import { ALL_ON, type Levers } from '../../src/plan/levers.ts';

/** Every lever pulled, whatever the size and the price. */
export const EAGER: Levers = { ...ALL_ON, groups: 'each leaf', splitting: 'always', contraction: 'always' };

const CHOICES: { readonly [L in keyof Levers]: readonly Levers[L][] } = {
  groups: ['by size', 'one', 'each leaf'],
  trimming: [true, false],
  splitting: ['by size', 'never', 'always'],
  structuredSeeds: [true, false],
  bands: [true, false],
  merging: [true, false],
  folding: [true, false],
  sharing: [true, false],
  contraction: ['by price', 'never', 'always'],
  pointProducts: [true, false],
  batchAxis: ['by price', 'leading', 'trailing'],
  fittingWidth: [true, false],
  residuals: [true, false],
  native: [true, false],
};

/** What share of a program is recomputed: often none or all of it. */
export const anyShare: fc.Arbitrary<number> = fc.constantFrom(0, 0.1, 0.25, 0.5, 0.75, 0.9, 1, 1, 0);

/** Any of all combinations. */
export const anyLevers: fc.Arbitrary<Levers> = fc.record({
  groups: fc.constantFrom(...CHOICES.groups),
  trimming: fc.boolean(),
  splitting: fc.constantFrom(...CHOICES.splitting),
  structuredSeeds: fc.boolean(),
  bands: fc.boolean(),
  merging: fc.boolean(),
  folding: fc.boolean(),
  sharing: fc.boolean(),
  contraction: fc.constantFrom(...CHOICES.contraction),
  pointProducts: fc.boolean(),
  batchAxis: fc.constantFrom(...CHOICES.batchAxis),
  fittingWidth: fc.boolean(),
  residuals: fc.boolean(),
  native: fc.boolean(),
});

/** One lever at a time another than eager; where the batch axis starts shows only without contraction. */
export const oneLeverOff: readonly (readonly [string, Levers])[] = Object.entries(CHOICES).flatMap(([lever, choices]) =>
  choices
    .filter((choice) => choice !== EAGER[lever as keyof Levers])
    .map((choice): [string, Levers] => {
      const base = lever === 'batchAxis' ? { ...EAGER, contraction: 'never' as const } : EAGER;
      return [`${lever}: ${choice}`, { ...base, [lever]: choice }];
    }),
);
