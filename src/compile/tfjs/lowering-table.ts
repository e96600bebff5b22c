/** The table of lowerings: how TensorFlow.js computes each primitive. */

import type { PrimitiveName, PrimitiveParams } from '../../ir/params.ts';
import type { Expanded } from '../expand.ts';
import { dot } from './lower-dot.ts';
import { and, asNumbers, binary, cast, rem, select, unary } from './lower-elementwise.ts';
import { fold, gather, iota, oneHot, scatterAdd, windows } from './lower-indexing.ts';
import { broadcast, concat, pad, permute, reshape, reverse, roll, slice } from './lower-movement.ts';
import { argmax, argmin, argtopk, cumsum, reduceMax, reduceMin, reduceSum } from './lower-reduce.ts';
import type { Lowering } from './lowering.ts';

const lowerings = {
  neg: unary((tf, x) => tf.neg(x)),
  abs: unary((tf, x) => tf.abs(x)),
  sign: unary((tf, x) => tf.sign(x)),
  exp: unary((tf, x) => tf.exp(x)),
  expm1: unary((tf, x) => tf.expm1(x)),
  log: unary((tf, x) => tf.log(x)),
  log1p: unary((tf, x) => tf.log1p(x)),
  sqrt: unary((tf, x) => tf.sqrt(x)),
  sin: unary((tf, x) => tf.sin(x)),
  cos: unary((tf, x) => tf.cos(x)),
  tan: unary((tf, x) => tf.tan(x)),
  asin: unary((tf, x) => tf.asin(x)),
  acos: unary((tf, x) => tf.acos(x)),
  atan: unary((tf, x) => tf.atan(x)),
  sinh: unary((tf, x) => tf.sinh(x)),
  cosh: unary((tf, x) => tf.cosh(x)),
  tanh: unary((tf, x) => tf.tanh(x)),
  asinh: unary((tf, x) => tf.asinh(x)),
  acosh: unary((tf, x) => tf.acosh(x)),
  atanh: unary((tf, x) => tf.atanh(x)),
  erf: unary((tf, x) => tf.erf(x)),
  logistic: unary((tf, x) => tf.sigmoid(x)),
  softplus: unary((tf, x) => tf.softplus(x)),
  floor: unary((tf, x) => tf.floor(x)),
  ceil: unary((tf, x) => tf.ceil(x)),
  round: unary((tf, x) => tf.round(x)),
  is_nan: unary((tf, x) => tf.isNaN(x)),
  is_inf: unary((tf, x) => tf.isInf(x)),
  not: unary((tf, x) => tf.logicalNot(x)),
  add: binary((tf, x, y) => tf.add(x, y)),
  sub: binary((tf, x, y) => tf.sub(x, y)),
  mul: binary((tf, x, y) => tf.mul(x, y)),
  div: binary((tf, x, y) => tf.div(x, y)),
  rem,
  pow: binary((tf, x, y) => tf.pow(x, y)),
  max: binary((tf, x, y) => tf.maximum(x, y)),
  min: binary((tf, x, y) => tf.minimum(x, y)),
  atan2: binary((tf, y, x) => tf.atan2(y, x)),
  eq: binary((tf, x, y) => tf.equal(x, y)),
  ne: binary((tf, x, y) => tf.notEqual(x, y)),
  lt: binary((tf, x, y) => tf.less(x, y)),
  le: binary((tf, x, y) => tf.lessEqual(x, y)),
  gt: binary((tf, x, y) => tf.greater(x, y)),
  ge: binary((tf, x, y) => tf.greaterEqual(x, y)),
  and,
  or: binary((tf, x, y) => tf.logicalOr(x, y)),
  xor: binary((tf, x, y) => tf.logicalXor(x, y)),
  select: asNumbers(select),
  custom_jvp: 'expanded',
  cast,
  reshape,
  broadcast: asNumbers(broadcast),
  permute: asNumbers(permute),
  reverse: asNumbers(reverse),
  roll: asNumbers(roll),
  slice: asNumbers(slice),
  pad: asNumbers(pad),
  concat: asNumbers(concat),
  gather: asNumbers(gather),
  scatter_add: scatterAdd,
  iota,
  one_hot: oneHot,
  windows: asNumbers(windows),
  fold,
  reduce_sum: reduceSum,
  reduce_max: reduceMax,
  reduce_min: reduceMin,
  argmax,
  argmin,
  argtopk,
  cumsum,
  dot,
} satisfies { [P in PrimitiveName]: Lowering<PrimitiveParams[P]> | Expanded };

/** A lowering for code that knows primitives only by name. */
// biome-ignore lint/suspicious/noExplicitAny: params of a primitive that is known only at run time
export const loweringOf = (name: PrimitiveName): Lowering<any> | Expanded => lowerings[name];
