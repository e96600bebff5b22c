/** The program checker: what it accepts, and the equation that it names for what it doesn't. */

import { describe, expect, it } from 'vitest';
import { checkProgram } from '../../src/interpret/check.ts';
import type { Aval } from '../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../src/ir/params.ts';
import { type Atom, type Equation, newVar, type Program } from '../../src/ir/program.ts';

const float = (...shape: number[]): Aval => ({ shape, dtype: 'float64' });
const equation = (primitive: PrimitiveName, inputs: Atom[], output: Aval, params: Params = {}): Equation => ({
  primitive,
  inputs,
  params,
  output: newVar(output),
});
const program = (inputs: Program['inputs'], equations: Equation[], outputs?: Atom[]): Program => ({
  inputs,
  equations,
  outputs: outputs ?? equations.map((e) => e.output),
});

const x = newVar(float(2, 3));
const y = newVar(float(3));

describe('checkProgram', () => {
  it('accepts what is well formed', () => {
    const first = equation('neg', [x], float(2, 3));
    const second = equation('reduce_sum', [first.output], float(3), { axes: [0] });
    const literal: Atom = { kind: 'literal', aval: float(2), value: 1 };
    checkProgram(program([x, y], [first, second], [second.output, y, literal]));
    checkProgram(program([], []));
  });

  it.each<[string, Program, string]>([
    ['a variable that is never made', program([x], [equation('neg', [y], float(3))]), 'not made before it'],
    ['an output that is never made', program([x], [], [y]), 'Output 0 of the program is never made'],
    ['an input given twice', program([x, x], []), 'Input 1 of the program'],
    ['another shape than the rule gives', program([x], [equation('neg', [x], float(3))]), 'f64[2,3], not f64[3]'],
    ['operands that differ', program([x, y], [equation('add', [x, y], float(3))]), 'shapes differ'],
    ['too few operands', program([x], [equation('add', [x], float(2, 3))]), 'takes 2 operands'],
    [
      'an axis that is none',
      program([y], [equation('reduce_sum', [y], float(), { axes: [1] })]),
      '`b:f64[] = reduce_sum a axes=[1]`',
    ],
    ['an unknown primitive', program([x], [equation('frobnicate' as never, [x], float())]), 'no such primitive'],
    [
      'params that are missing',
      program([x], [equation('slice', [x], float(2, 3))]),
      'Equation 0, `b:f64[2,3] = slice a`, does not hold',
    ],
    [
      'params that are not plain data',
      program([x], [equation('reduce_sum', [x], float(3), { axes: new Set([0]) as never })]),
      'its param axes is not plain data',
    ],
    [
      'a dtype that a primitive does not take',
      program([x], [equation('not', [x], float(2, 3))]),
      'its operands are bool',
    ],
  ])('names %s', (_what, bad, message) => {
    expect(() => checkProgram(bad)).toThrow(message);
  });

  it('names a result made twice', () => {
    const made = equation('neg', [x], float(2, 3));
    expect(() => checkProgram(program([x], [made, made]))).toThrow('already made');
  });
});

describe('shape rules', () => {
  const bool = (...shape: number[]): Aval => ({ shape, dtype: 'bool' });
  const int = (...shape: number[]): Aval => ({ shape, dtype: 'int32' });
  it.each<[PrimitiveName, Aval[], Params, string]>([
    ['exp', [int(2)], {}, 'its operands are float32 or float64'],
    ['add', [float(2), int(2)], {}, 'dtypes differ'],
    ['select', [float(2), float(2), float(2)], {}, 'its condition is bool'],
    ['select', [bool(3), float(2), float(2)], {}, 'shapes differ'],
    ['reshape', [float(2, 3)], { shape: [5] }, 'has another size'],
    ['broadcast', [float(2)], { shape: [3, 2], axes: [0] }, "its axes don't go to"],
    ['permute', [float(2, 3)], { permutation: [0, 0] }, 'not a permutation'],
    ['reverse', [float(2)], { axes: [-1] }, 'axis -1 is not in'],
    ['slice', [float(4)], { starts: [1], limits: [5], strides: [1] }, 'is not inside'],
    ['slice', [float(4)], { starts: [1], limits: [3], strides: [0] }, 'strides [0]'],
    ['pad', [float(4)], { low: [-1], high: [0], interior: [0], value: 0 }, 'low [-1]'],
    ['pad', [float(4)], { low: [1], high: [0], interior: [0] }, 'is no number'],
    ['cast', [float(4)], { dtype: 'complex64' }, 'complex64 is no dtype'],
    ['concat', [float(2, 3), float(3, 2)], { axis: 0 }, 'differ in more than axis 0'],
    ['concat', [], { axis: 0 }, 'at least one operand'],
    ['gather', [float(4), float(2)], { axis: 0 }, 'its indices are int32'],
    ['scatter_add', [float(3), int(2)], { axis: 0, size: 4 }, "don't have the indices' shape"],
    ['one_hot', [float(3)], { depth: 2, dtype: 'float64' }, 'its indices are int32'],
    ['iota', [], { shape: [2], axis: 1, dtype: 'int32' }, 'axis 1 is not an axis'],
    ['windows', [float(3)], { axis: 0, size: 4, stride: 1, dilation: 1 }, 'no window of 4'],
    ['fold', [float(3, 2)], { axis: 0, length: 5, stride: 1, dilation: 1 }, 'are not those of 5'],
    ['reduce_sum', [bool(3)], { axes: [0] }, 'its operands are'],
    ['reduce_max', [float(3, 2)], { axes: [1, 0] }, 'not strictly increasing'],
    ['cumsum', [float(3)], { axis: 1, exclusive: false, reverse: false }, 'axis 1 is not in'],
    ['dot', [float(3), float(4)], { lhs: [0], rhs: [0], out: [] }, 'label 0 is 3 and 4 long'],
    ['dot', [float(3), float(4)], { lhs: [0], rhs: [1], out: [0] }, 'in one operand alone'],
    ['dot', [float(3, 3), float(3)], { lhs: [0, 0], rhs: [0], out: [] }, "doesn't label the axes of operand 0"],
    ['dot', [float(3), float(3)], { lhs: [0], rhs: [0], out: [2] }, "doesn't label a result"],
  ])('%s refuses what does not fit', (name, avals, params, message) => {
    const inputs = avals.map((aval) => newVar(aval));
    expect(() => checkProgram(program(inputs, [equation(name, inputs, float(), params)]))).toThrow(message);
  });
});
