/** The table of lowerings: how ONNX Runtime computes each primitive. */

import type { PrimitiveName, PrimitiveParams } from '../../ir/params.ts';
import type { Expanded } from '../expand.ts';
import { dot, mul } from './lower-dot.ts';
import { and, cast, native, notEqual, select } from './lower-elementwise.ts';
import { gather, iota, oneHot, scatterAdd } from './lower-indexing.ts';
import { broadcast, concat, pad, permute, reshape, reverse, roll, slice } from './lower-movement.ts';
import { argmax, argmin, argtopk, cumsum, reduceMax, reduceMin, reduceSum } from './lower-reduce.ts';
import { fold, windows } from './lower-windows.ts';
import type { Lowering } from './lowering.ts';

const lowerings = {
  neg: native('Neg'),
  abs: native('Abs'),
  sign: native('Sign'),
  exp: native('Exp'),
  expm1: 'expanded',
  log: native('Log'),
  log1p: 'expanded',
  sqrt: native('Sqrt'),
  sin: native('Sin'),
  cos: native('Cos'),
  tan: native('Tan'),
  asin: native('Asin'),
  acos: native('Acos'),
  atan: native('Atan'),
  sinh: native('Sinh'),
  cosh: native('Cosh'),
  tanh: native('Tanh'),
  asinh: native('Asinh'),
  acosh: native('Acosh'),
  atanh: native('Atanh'),
  erf: native('Erf'),
  logistic: 'expanded',
  softplus: 'expanded',
  floor: native('Floor'),
  ceil: native('Ceil'),
  round: native('Round'),
  is_nan: native('IsNaN'),
  is_inf: native('IsInf'),
  not: native('Not'),
  add: native('Add'),
  sub: native('Sub'),
  mul,
  div: native('Div'),
  rem: native('Mod', { fmod: 1 }),
  pow: native('Pow'),
  max: native('Max'),
  min: native('Min'),
  atan2: 'expanded',
  eq: native('Equal'),
  ne: notEqual,
  lt: native('Less'),
  le: native('LessOrEqual'),
  gt: native('Greater'),
  ge: native('GreaterOrEqual'),
  and,
  or: native('Or'),
  xor: native('Xor'),
  select,
  custom_jvp: 'expanded',
  cast,
  reshape,
  broadcast,
  permute,
  reverse,
  roll,
  slice,
  pad,
  concat,
  gather,
  scatter_add: scatterAdd,
  iota,
  one_hot: oneHot,
  windows,
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
