/** Cases of the kernels that work element by element on one operand. */

import * as tf from '@tensorflow/tfjs';
import { between, bools, type Case, exactly, floats, type Input, ints, positive } from '../case.ts';

const one = (kernel: string, f: (x: tf.Tensor) => tf.Tensor, x: Input, more: Partial<Case> = {}): Case => ({
  kernel,
  name: `${kernel} of ${x.dtype}[${x.shape}]`,
  inputs: [x],
  f,
  ...more,
});

const signed = floats([2, 3]);
const inside = between([5], -0.9, 0.9);
const whole = ints([4], [-3, 0, 2, 5]);
const mask = bools([3], [1, 0, 1]);
const halves = exactly([7], [-2.5, -1.5, -0.5, 0.4, 0.5, 1.5, 2.6]);

export const unaryCases: Case[] = [
  one('Abs', tf.abs, signed),
  one('Abs', tf.abs, whole),
  one('Neg', tf.neg, signed),
  one('Neg', tf.neg, whole),
  one('Square', tf.square, signed),
  one('Square', tf.square, whole),
  one('Sign', tf.sign, exactly([3], [-2, 0, 3]), { smooth: false }),
  one('Sign', tf.sign, whole),
  one('Exp', tf.exp, signed),
  one('Exp', tf.exp, whole),
  one('Expm1', tf.expm1, signed),
  one('Log', tf.log, positive([4])),
  one('Log1p', tf.log1p, positive([4])),
  one('Sqrt', tf.sqrt, positive([4])),
  one('Rsqrt', tf.rsqrt, positive([4])),
  one('Reciprocal', tf.reciprocal, signed),
  one('Sin', tf.sin, signed),
  one('Cos', tf.cos, signed),
  one('Tan', tf.tan, inside),
  one('Asin', tf.asin, inside),
  one('Acos', tf.acos, inside),
  one('Atan', tf.atan, signed),
  one('Sinh', tf.sinh, signed),
  one('Cosh', tf.cosh, signed),
  one('Tanh', tf.tanh, signed),
  one('Asinh', tf.asinh, signed),
  one('Acosh', tf.acosh, between([4], 1.2, 3)),
  one('Atanh', tf.atanh, inside),
  // tfjs' own approximation is good to 1.5e-7 absolute.
  one('Erf', tf.erf, between([5], 0.4, 2)),
  one('Floor', tf.floor, halves),
  one('Ceil', tf.ceil, halves),
  one('Round', tf.round, halves, { smooth: false }),
  one('Round', tf.round, whole),
  one('IsNan', tf.isNaN, exactly([4], [1, Number.NaN, Infinity, -Infinity])),
  one('IsInf', tf.isInf, exactly([4], [1, Number.NaN, Infinity, -Infinity])),
  one('IsFinite', tf.isFinite, exactly([4], [1, Number.NaN, Infinity, -Infinity])),
  one('IsFinite', tf.isFinite, whole),
  one('LogicalNot', tf.logicalNot, mask),
  one('Cast', (x) => x.cast('int32'), halves, { otherGradient: 'it passes through' }),
  one('Cast', (x) => x.cast('bool'), exactly([3], [0, 0.5, -2]), { otherGradient: 'it passes through' }),
  one('Cast', (x) => x.cast('float32'), whole),
  one('Cast', (x) => x.cast('float32'), mask),
  one('Cast', (x) => x.cast('int32'), mask),
  one('ClipByValue', (x) => tf.clipByValue(x, -0.5, 0.8), signed),
  one('Identity', tf.clone, signed),
  one('ZerosLike', (x) => tf.add(tf.zerosLike(x), x), signed),
  one('OnesLike', (x) => tf.mul(tf.onesLike(x), x), signed),
];

export const activationCases: Case[] = [
  one('Relu', tf.relu, signed),
  one('Relu', tf.relu, whole),
  one('Relu', tf.relu, exactly([3], [-1, Number.NaN, 2]), { smooth: false }),
  one('Relu6', tf.relu6, between([6], -2, 9)),
  one('Elu', tf.elu, signed),
  one('Selu', tf.selu, signed),
  one('Sigmoid', tf.sigmoid, signed),
  one('Softplus', tf.softplus, signed),
  one('LeakyRelu', (x) => tf.leakyRelu(x, 0.1), signed),
  one('LeakyRelu', (x) => tf.leakyRelu(x, 0.1), whole),
  one('Step', (x) => tf.step(x, 0.25), signed),
  one('Step', (x) => tf.step(x), exactly([3], [-1, Number.NaN, 0]), { smooth: false }),
  one('LogSoftmax of the op', tf.logSoftmax, signed, { kernel: 'Max' }),
  one('log sigmoid', tf.logSigmoid, signed, { kernel: 'Softplus' }),
  {
    kernel: 'Prelu',
    name: 'Prelu with a slope per channel',
    inputs: [floats([2, 3]), positive([3])],
    f: tf.prelu as Case['f'],
  },
  {
    kernel: 'EluGrad',
    name: 'EluGrad by tf.grad',
    inputs: [floats([4])],
    f: (x) => tf.grad((v) => tf.elu(v).square())(x),
  },
];
