/** The serial form keeps every number of a program, those that JSON lacks included, and so does its hash. */

import { expect, test } from 'vitest';
import type { Program } from '../../src/ir/program.ts';
import { deserialize, hashOf, serialize } from '../../src/ir/serial.ts';
import { newOps } from '../../src/primitives/table.ts';

const SPECIAL = [0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

const padded = (value: number): Program => {
  const ops = newOps();
  return ops.build([ops.pad(ops.input({ shape: [2], dtype: 'float64' }), [1], [0], [0], value)]);
};

const filled = (value: number): Program => {
  const ops = newOps();
  return ops.build([ops.unary('sin', ops.input({ shape: [2], dtype: 'float64' })), ops.literal(value, [2], 'float64')]);
};

test.each([
  ['param', padded],
  ['literal', filled],
])('a special number as a %s makes a program of its own, and comes back from JSON', (_, make) => {
  expect(new Set(SPECIAL.map((value) => hashOf(make(value)))).size).toBe(SPECIAL.length);
  for (const value of SPECIAL) {
    const { equations, outputs } = deserialize(JSON.parse(JSON.stringify(serialize(make(value)))));
    const found = make === padded ? equations[0].params.value : (outputs[1] as { value: number }).value;
    expect(found).toBe(value);
  }
});
