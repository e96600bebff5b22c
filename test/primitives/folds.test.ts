/** Folding changes no value: random programs built with and without it, and what each fold is for. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { printProgram } from '../../src/ir/printer.ts';
import type { Atom } from '../../src/ir/program.ts';
import { Ops } from '../../src/primitives/ops.ts';
import { newOps, rulesOf } from '../../src/primitives/table.ts';
import { randomProgram } from './random-program.ts';
import { avalOf, randomFrom, value } from './support.ts';

/** A builder that folds nothing. */
const plainOps = (): Ops =>
  new Ops({
    shares: true,
    infer: (name, inputs, params) => rulesOf(name).shape(inputs, params),
    fold: () => undefined,
  });

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
      { numRuns: 1000 },
    );
  });
});

describe('each fold', () => {
  type Build = (ops: Ops, x: Atom, y: Atom, v: Atom) => Atom;
  const cases: [string, Build, string[]][] = [
    ['neutral elements', (o, x) => o.div(o.mul(o.sub(o.add(0, x), 0), 1), 1), []],
    ['multiplication by zero', (o, x) => o.mul(x, 0), []],
    ['double negation', (o, x) => o.neg(o.neg(x)), []],
    ['0 − x', (o, x) => o.sub(0, x), ['neg a']],
    ['x·(−1)', (o, x) => o.mul(x, -1), ['neg a']],
    ['x + (−y)', (o, x, y) => o.add(x, o.neg(y)), ['sub a b']],
    ['x + x', (o, x) => o.add(x, x), ['mul a 2']],
    ['two factors', (o, x) => o.mul(o.mul(x, 2), 3), ['mul a 6']],
    ['a factor and a divisor', (o, x) => o.div(o.mul(x, 6), 3), ['mul a 2']],
    ['a constant on the left', (o, x) => o.mul(3, x), ['mul a 3']],
    ['a square', (o, x) => o.binary('pow', x, 2), ['mul a a']],
    ['an elementwise equation of literals', (o, x) => o.add(x, o.unary('exp', o.full(x, 0))), ['add a 1']],
    ['reshape of reshape', (o, x) => o.reshape(o.reshape(x, [6]), [3, 2]), ['reshape a shape=[3,2]']],
    ['reshapes there and back', (o, x) => o.reshape(o.reshape(x, [6]), [2, 3]), []],
    ['permutes there and back', (o, x) => o.permute(o.permute(x, [1, 0]), [1, 0]), []],
    ['a permute of an axis of length 1', (o, x) => o.permute(o.reshape(x, [6, 1]), [1, 0]), ['reshape a shape=[1,6]']],
    [
      'a broadcast of a broadcast',
      (o, _x, _y, v) => o.broadcast(o.broadcast(v, [2, 3], [1]), [2, 4, 3], [0, 2]),
      ['broadcast c shape=[2,4,3] axes=[2]'],
    ],
    [
      'an elementwise equation of broadcasts',
      (o, _x, _y, v) => o.mul(o.unary('exp', o.broadcast(v, [2, 3], [1])), o.broadcast(v, [2, 3], [1])),
      ['exp c', 'mul d c', 'broadcast e shape=[2,3] axes=[1]'],
    ],
    [
      'a sum of a broadcast',
      (o, _x, _y, v) => o.sum(o.broadcast(v, [2, 3], [1]), [0, 1]),
      ['reduce_sum c axes=[0]', 'mul d 2'],
    ],
    ['a sum of a sum', (o, x) => o.sum(o.sum(x, [0]), [0]), ['reduce_sum a axes=[0,1]']],
    [
      'a slice of a slice',
      (o, x) => o.sliceAxis(o.sliceAxis(x, 1, 1, 3), 1, 1, 2),
      ['slice a starts=[0,2] limits=[2,3] strides=[1,1]'],
    ],
    ['a slice of a concat', (o, x, y) => o.sliceAxis(o.concat([x, y], 0), 0, 2, 4), []],
    ['a slice of a pad', (o, x) => o.slice(o.pad(x, [1, 0], [0, 2]), [1, 0], [3, 3]), []],
    ['a slice of padding', (o, x) => o.slice(o.pad(x, [1, 0], [0, 2]), [0, 0], [1, 3]), []],
    ['reverses there and back', (o, x) => o.reverse(o.reverse(x, [0, 1]), [0]), ['reverse a axes=[1]']],
    [
      'the back of an array before its front',
      (o, x) => o.concat([o.sliceAxis(x, 1, 1, 3), o.sliceAxis(x, 1, 0, 1)], 1),
      ['roll a axis=1 shift=1'],
    ],
    [
      'the back of an array before a part of its front',
      (o, x) => o.concat([o.sliceAxis(x, 1, 2, 3), o.sliceAxis(x, 1, 0, 1)], 1),
      [
        'slice a starts=[0,2] limits=[2,3] strides=[1,1]',
        'slice a starts=[0,0] limits=[2,1] strides=[1,1]',
        'concat d e axis=1',
      ],
    ],
    ['a roll of a roll', (o, x) => o.roll(o.roll(x, 1, 2), 1, 2), ['roll a axis=1 shift=1']],
    ['rolls there and back', (o, x) => o.roll(o.roll(x, 1, 2), 1, -2), []],
    [
      'a roll along what repeats',
      (o, _x, _y, v) => o.roll(o.broadcast(v, [2, 3], [1]), 0, 1),
      ['broadcast c shape=[2,3] axes=[1]'],
    ],
    [
      'a roll of what repeats',
      (o, _x, _y, v) => o.roll(o.broadcast(v, [2, 3], [1]), 1, -1),
      ['roll c axis=0 shift=2', 'broadcast d shape=[2,3] axes=[1]'],
    ],
    [
      'a slice before where a roll parts',
      (o, x) => o.sliceAxis(o.roll(x, 1, 1), 1, 0, 2),
      ['slice a starts=[0,1] limits=[2,3] strides=[1,1]'],
    ],
    [
      'a slice behind it',
      (o, x) => o.sliceAxis(o.roll(x, 1, 1), 1, 2, 3),
      ['slice a starts=[0,0] limits=[2,1] strides=[1,1]'],
    ],
    [
      'a slice across it',
      (o, x) => o.sliceAxis(o.roll(x, 1, 1), 1, 1, 3),
      ['roll a axis=1 shift=1', 'slice d starts=[0,1] limits=[2,3] strides=[1,1]'],
    ],
    [
      'a slice across it with a stride',
      (o, x) => o.sliceAxis(o.roll(x, 1, 1), 1, 0, 3, 2),
      ['roll a axis=1 shift=1', 'slice d starts=[0,0] limits=[2,3] strides=[1,2]'],
    ],
    ['a select of equals', (o, x, y) => o.select(o.binary('lt', x, y), x, x), []],
    [
      'a select by a negation',
      (o, x, y) => o.select(o.unary('not', o.binary('lt', x, y)), x, y),
      ['lt a b', 'select d b a'],
    ],
    [
      'a concat with zeros',
      (o, x) => o.concat([x, o.full(x, 0)], 1),
      ['pad a low=[0,0] high=[0,3] interior=[0,0] value=0'],
    ],
    ['a sum of pads', (o, x, y) => o.add(o.pad(x, [0, 0], [0, 3]), o.pad(y, [0, 3], [0, 0])), ['concat a b axis=1']],
    [
      'a gather of one place',
      (o, x) => o.gather(x, o.literal(1, [], 'int32'), 0),
      ['slice a starts=[1,0] limits=[2,3] strides=[1,1]', 'reshape d shape=[3]'],
    ],
    [
      'a dot of permutes',
      (o, x, y) => o.dot(o.permute(x, [1, 0]), o.permute(y, [1, 0]), { lhs: [0, 1], rhs: [0, 2], out: [2, 1] }),
      ['dot a b lhs=[0,1] rhs=[2,1] out=[2,0]'],
    ],
    ['a dot with zeros', (o, x, y) => o.dot(x, o.full(y, 0), { lhs: [0, 1], rhs: [2, 1], out: [0, 2] }), []],
    [
      'a dot with ones',
      (o, x, y) => o.dot(x, o.full(y, 1), { lhs: [0, 1], rhs: [2, 1], out: [0, 2] }),
      ['reduce_sum a axes=[1]', 'broadcast d shape=[2,2] axes=[0]'],
    ],
    ['a dot that sums nothing', (o, x, y) => o.dot(x, y, { lhs: [0, 1], rhs: [0, 1], out: [0, 1] }), ['mul a b']],
    [
      'a sum of a dot over rows',
      (o, x, y) => o.sum(o.dot(x, y, { lhs: [0, 1], rhs: [2, 1], out: [0, 2] }), [0]),
      ['reduce_sum a axes=[0]', 'dot d b lhs=[0] rhs=[1,0] out=[1]'],
    ],
    ['windows of one', (o, x) => o.windows(x, 1, 1), ['reshape a shape=[2,3,1]']],
  ];
  it.each(cases)('%s', (_what, build, equations) => {
    const ops = newOps();
    const [x, y, v] = [[2, 3], [2, 3], [3]].map((shape) => ops.input({ shape, dtype: 'float64' }));
    const lines = printProgram(ops.build([build(ops, x, y, v)]))
      .split('\n')
      .slice(1, -1);
    expect(lines.map((line) => line.replace(/^.* = /, ''))).toEqual(equations);
  });
});
