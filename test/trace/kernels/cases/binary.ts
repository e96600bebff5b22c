/** Cases of the kernels that work element by element on two operands or more. */

import * as tf from '@tensorflow/tfjs';
import { between, bools, type Case, exactly, floats, type Input, ints, positive } from '../case.ts';

type Op = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const two = (kernel: string, f: Op, a: Input, b: Input, more: Partial<Case> = {}): Case => ({
  kernel,
  name: `${kernel} of ${a.dtype}[${a.shape}] and ${b.dtype}[${b.shape}]`,
  inputs: [a, b],
  f: f as Case['f'],
  ...more,
});

/** An op in all the ways that its operands' shapes can meet. */
const broadcasts = (kernel: string, f: Op, make: (shape: number[], seed: number) => Input): Case[] => [
  two(kernel, f, make([2, 3], 1), make([2, 3], 2)),
  two(kernel, f, make([2, 3], 1), make([3], 2)),
  two(kernel, f, make([2, 1, 3], 3), make([4, 1], 4)),
  two(kernel, f, make([], 5), make([2, 2], 6)),
];

const a = ints([6], [-7, 7, -7, 7, 6, 0]);
const b = ints([6], [2, 2, -2, -2, 3, 5]);
const p = bools([4], [0, 0, 1, 1]);
const q = bools([4], [0, 1, 0, 1]);
const u = exactly([5], [1, 2, 3, 2, 1]);
const v = exactly([5], [2, 2, 1, 0, 1]);

export const binaryCases: Case[] = [
  ...broadcasts('Add', tf.add, floats),
  ...broadcasts('Sub', tf.sub, floats),
  ...broadcasts('Multiply', tf.mul, floats),
  ...broadcasts('RealDiv', tf.div, floats),
  ...broadcasts('Maximum', tf.maximum, floats),
  ...broadcasts('Minimum', tf.minimum, floats),
  ...broadcasts('SquaredDifference', tf.squaredDifference, floats),
  ...broadcasts('Atan2', tf.atan2, floats),
  ...broadcasts('Pow', tf.pow, positive),
  ...broadcasts('Mod', tf.mod, floats),
  two('Add', tf.add, a, b),
  two('Add', tf.add, a, floats([6])),
  two('Add', tf.add, p, floats([4])),
  two('Sub', tf.sub, a, b),
  two('Multiply', tf.mul, a, b),
  two('Multiply', tf.mul, p, q),
  two('Maximum', tf.maximum, a, b),
  two('Maximum', tf.maximum, p, q),
  two('Minimum', tf.minimum, a, b),
  two('SquaredDifference', tf.squaredDifference, a, b),
  two('FloorDiv', tf.floorDiv, a, b),
  two('FloorDiv', tf.floorDiv, exactly([4], [7.5, -7.5, 6.5, -6.5]), exactly([4], [2, 2, -4, 4]), {
    otherGradient: 'that of the true quotient',
  }),
  two('FloorDiv', tf.div, a, b),
  two('FloorDiv', tf.div, a, ints([6], [0, 1, 0, 2, 3, 0])),
  two('FloorDiv by a constant', (x) => tf.floorDiv(x, tf.scalar(3, 'int32')), a, b, { kernel: 'FloorDiv' }),
  two('Mod', tf.mod, a, b),
  two('Mod', tf.mod, a, ints([6], [0, 3, -3, 0, 4, 1])),
  two('Mod', tf.mod, exactly([4], [7.5, -7.5, 7.5, -7.5]), exactly([4], [2, 2, -2, -2])),
  two('Pow', tf.pow, ints([4], [2, -3, 0, 5]), ints([4], [3, 3, 2, 0])),
  two('Equal', tf.equal, u, v),
  two('Equal', tf.equal, p, q),
  two('NotEqual', tf.notEqual, u, v),
  two('Less', tf.less, u, v),
  two('LessEqual', tf.lessEqual, u, v),
  two('Greater', tf.greater, u, v),
  two('Greater', tf.greater, a, b),
  two('GreaterEqual', tf.greaterEqual, u, exactly([], [2])),
  two('LogicalAnd', tf.logicalAnd, p, q),
  two('LogicalOr', tf.logicalOr, p, q),
  two('LogicalOr', tf.logicalXor, p, q),
  two('Select', (x, y) => tf.where(tf.greater(x, y), x, tf.mul(y, y)), floats([2, 3]), floats([2, 3], 2)),
  two('Select', (x, y) => tf.where(tf.tensor1d([1, 0, 1], 'bool'), x, y), floats([3]), floats([3], 2)),
  two('Select', (x, y) => tf.where(tf.scalar(true, 'bool'), x, y), floats([2, 3]), floats([3], 2)),
  two('Select', (x, y) => tf.where(tf.greater(x, y), p4(x), p4(y)), floats([4]), floats([4], 2)),
  {
    kernel: 'AddN',
    name: 'AddN of five',
    inputs: [1, 2, 3, 4, 5].map((seed) => floats([3], seed)),
    f: (...xs) => tf.addN(xs).square(),
  },
];

const p4 = (x: tf.Tensor): tf.Tensor => tf.greater(x, 0.5);

const power = (exponent: number, x: Input): Case => ({
  kernel: 'Pow',
  name: `Pow to the constant ${exponent}`,
  inputs: [x],
  f: (t) => tf.pow(t, exponent),
});

export const powerCases: Case[] = [
  ...[0, 1, 2, 3, 4, 7, -1, -2, -3].map((n) => power(n, floats([4]))),
  power(33, between([4], -1.1, 1.1)),
  ...[0.5, -0.5, 1.5, -2.5, 0.1].map((n) => power(n, positive([4]))),
  {
    kernel: 'Pow',
    name: 'Pow to constants that differ',
    inputs: [positive([3])],
    f: (x) => tf.pow(x, tf.tensor1d([2, 0.5, -1])),
  },
  { kernel: 'Sqrt', name: 'norm', inputs: [floats([2, 3])], f: (x) => tf.norm(x) },
  { kernel: 'Abs', name: 'norm of rows', inputs: [floats([2, 3])], f: (x) => tf.norm(x, 1, 1) },
];
