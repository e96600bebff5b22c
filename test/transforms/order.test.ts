/** What a product is priced at: axes that must be moved first count, and float64 costs twice as much or more. */

import { expect, test } from 'vitest';
import { productCost, ratesOf } from '../../src/transforms/contract/order.ts';

const [batch, summed, own] = [0, 1, 2];
const EXTENTS = [32, 256, 64];
const sizes = {
  volume: (labels: readonly number[]): number => labels.reduce((volume, label) => volume * EXTENTS[label], 1),
};
const price = (
  a: readonly number[],
  b: readonly number[],
  kept: readonly number[],
  dtype: 'float32' | 'float64' = 'float32',
): number => productCost(a, b, kept, sizes, ratesOf(dtype));

test('a product element by element costs more where an operand has its axes in another order than the result', () => {
  const straight = price([batch, summed], [batch, summed, own], [batch, summed, own]);
  const turned = price([batch, summed], [batch, summed, own], [batch, own, summed]);
  const moved = sizes.volume([batch, summed, own]);
  // Runs of neighbours differ in length, too.
  expect(turned - straight).toBeGreaterThan(0.8 * ratesOf('float32').turned * moved);
  // The small operand of an outer product may be turned for next to nothing.
  const small = price([batch, summed], [summed, own], [batch, own, summed]);
  expect(small - straight).toBeLessThan(0.1 * (turned - straight));
});

test.each([
  ['a product of matrices', [batch, summed], [summed, own], [batch, own]],
  ['one element by element', [batch, summed], [batch, summed, own], [batch, summed, own]],
  ['an outer one', [batch, summed], [own], [batch, summed, own]],
  ['a large one of a loop', [batch, own, summed], [batch, summed, own], [batch, own]],
])('%s in float64 is priced at about twice its price in float32, or more', (_, a, b, kept) => {
  const ratio = price(a, b, kept, 'float64') / price(a, b, kept);
  expect(ratio).toBeGreaterThan(1.5);
  expect(ratio).toBeLessThan(4.5);
});
