/** Random programs of int32s, truth values and places that depend on data, as loops: what the plain evaluator gives. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { FloatDtype } from '../../../src/ir/aval.ts';
import { sizeOf } from '../../../src/ir/aval.ts';
import { printProgram } from '../../../src/ir/printer.ts';
import type { Atom } from '../../../src/ir/program.ts';
import type { Ops } from '../../../src/primitives/ops.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { randomFrom, value } from '../../primitives/support.ts';
import { disagreement, runOn } from '../support.ts';

const SHAPES = [[7], [5, 6], [3, 4, 5], [1, 9], [6, 1]];
const MOST = 3000;

type Random = () => number;
const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)];
const whole = (random: Random, limit: number): number => Math.floor(random() * limit);

/** Small whole numbers of an array, as int32. */
const indicesOf = (ops: Ops, x: Atom, limit: number): Atom => {
  const i = ops.cast(x, 'int32');
  return ops.sub(ops.binary('rem', i, limit + 2), 1);
};

type Move = (random: Random, ops: Ops, x: Atom, y: Atom, dtype: FloatDtype) => Atom | undefined;

const alike = (ops: Ops, x: Atom, y: Atom): Atom =>
  String(x.aval.shape) === String(y.aval.shape) ? y : ops.full(x, 2);

const MOVES: readonly Move[] = [
  (random, ops, x, y) => ops.binary(pick(random, ['add', 'sub', 'mul', 'max', 'min'] as const), x, alike(ops, x, y)),
  (random, ops, x) => ops.unary(pick(random, ['abs', 'neg', 'sign', 'floor', 'round'] as const), x),
  (random, ops, x, y) => {
    const compared = pick(random, ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const);
    const one = ops.binary(compared, x, alike(ops, x, y));
    const other = ops.binary('gt', x, 1);
    const both = ops.binary(pick(random, ['and', 'or', 'xor'] as const), one, ops.unary('not', other));
    return ops.select(both, x, alike(ops, x, y));
  },
  (random, ops, x, _y, dtype) => {
    const i = ops.cast(x, 'int32');
    const j = ops.select(ops.binary('lt', i, 0), ops.neg(i), ops.binary('max', ops.div(i, 3), ops.mul(i, 2)));
    return ops.cast(pick(random, [i, j, ops.unary('abs', j)]), dtype);
  },
  (_random, ops, x, _y, dtype) => ops.cast(ops.binary('ge', x, 0), dtype),
  (random, ops, x, y) => {
    const axis = whole(random, x.aval.shape.length);
    return ops.gather(x, indicesOf(ops, y, x.aval.shape[axis]), axis);
  },
  (random, ops, x, y) => {
    const axis = whole(random, x.aval.shape.length);
    const length = x.aval.shape[axis];
    const flat = ops.reshape(y, [sizeOf(y.aval.shape)]);
    if (flat.aval.shape[0] < length) return undefined;
    return ops.scatterAdd(x, indicesOf(ops, ops.slice(flat, [0], [length]), 5), axis, 5);
  },
  (random, ops, x, _y, dtype) => ops.oneHot(indicesOf(ops, x, 3), 1 + whole(random, 6), dtype),
  (random, ops, x, _y, dtype) => {
    const axis = whole(random, x.aval.shape.length);
    return ops.mul(x, ops.iota(x.aval.shape, axis, dtype));
  },
  (random, ops, x) => ops.sum(x, [whole(random, x.aval.shape.length)]),
  (random, ops, x) => ops.reduceMax(x, [whole(random, x.aval.shape.length)]),
  (random, ops, x) => {
    const axis = whole(random, x.aval.shape.length);
    const length = x.aval.shape[axis];
    return ops.concat([ops.sliceAxis(x, axis, length - 1, length), ops.sliceAxis(x, axis, 0, length)], axis);
  },
  (random, ops, x) => ops.reverse(x, [whole(random, x.aval.shape.length)]),
  (_random, ops, x) => ops.permute(x, [...x.aval.shape.keys()].reverse()),
  (random, ops, x) =>
    ops.broadcast(
      x,
      [pick(random, [2, 3]), ...x.aval.shape],
      [...x.aval.shape.keys()].map((i) => i + 1),
    ),
];

test.each(['float32', 'float64'] as const)('in %s', async (dtype) => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = randomFrom(seed);
      const ops = newOps();
      const pool: Atom[] = SHAPES.map((shape) => ops.input({ shape, dtype }));
      for (let k = 0; k < 12; k++) {
        const x = pick(random, pool.slice(-8));
        if (x.kind !== 'var' || x.aval.shape.length === 0) continue;
        const made = pick(random, MOVES)(random, ops, x, pick(random, pool), dtype);
        if (made && sizeOf(made.aval.shape) <= MOST && made.aval.shape.length <= 5) pool.push(made);
      }
      const program = ops.build(pool.slice(-3));
      const inputs = program.inputs.map((v) => value(v.aval.shape, dtype, () => whole(random, 9) - 4));
      const actual = await runOn('native', program, inputs);
      if (!actual) return;
      const expected = evaluateProgram(program, inputs);
      const found = disagreement(actual, expected, dtype === 'float32' ? 1e-5 : 1e-13);
      expect(found && `${found} in\n${printProgram(program)}`).toBeUndefined();
    }),
    { numRuns: Number(process.env.RUNS ?? 300) },
  );
});
