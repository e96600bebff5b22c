/** How programs are cut for XLA: into stretches that are neither short nor long, of which equal ones are one function. */

import { describe, expect, it } from 'vitest';
import { piecesOf } from '../../../src/compile/tensorflow/functions.ts';
import type { Atom, Program } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';

/** After some equations of its own, so many steps of what `step` makes. */
const loop = (steps: number, step: (ops: ReturnType<typeof newOps>, y: Atom, k: number) => Atom): Program => {
  const ops = newOps();
  let y: Atom = ops.input({ shape: [3], dtype: 'float64' });
  for (let k = 0; k < 11; k++) y = ops.unary('exp', ops.neg(y));
  for (let k = 0; k < steps; k++) y = step(ops, y, k);
  return ops.build([y]);
};

/** Seven equations. */
const stepOf = (ops: ReturnType<typeof newOps>, y: Atom): Atom =>
  ops.add(ops.mul(ops.unary('sin', y), 3), ops.unary('tanh', ops.unary('cos', ops.mul(y, ops.unary('exp', y)))));

describe('a long program', () => {
  it('of equal steps is a few functions, however many steps there are', () => {
    const [few, many] = [60, 240].map((steps) => piecesOf(loop(steps, stepOf), true));
    expect(many.pieces.length).toBeGreaterThan(3 * few.pieces.length);
    expect(many.functions.length).toBeLessThanOrEqual(4);
    expect(few.functions.length).toBeLessThanOrEqual(4);
    expect(new Set(many.pieces.map(({ body }) => body))).toEqual(new Set(many.functions));
    expect(new Set(many.functions.map(({ name }) => name)).size).toBe(many.functions.length);
  });

  it('whose steps differ in a number has a function for each', () => {
    const { pieces, functions } = piecesOf(
      loop(60, (ops, y, k) => ops.add(stepOf(ops, y), k + 0.5)),
      true,
    );
    expect(functions.length).toBe(pieces.length);
  });
});
