/** The closed table of primitives, and the builder that knows it. */

import { type Aval, allocate, sameShape } from '../ir/aval.ts';
import type { Inference } from '../ir/builder.ts';
import type { Params, PrimitiveName, PrimitiveParams } from '../ir/params.ts';
import type { Atom, Literal } from '../ir/program.ts';
import { argmax, argmin, argtopk, cumsum } from './along-axis.ts';
import { add, div, mul, neg, sub } from './arithmetic.ts';
import { atan2, max, min, pow, rem } from './binary-math.ts';
import { broadcast } from './broadcast.ts';
import { and, eq, ge, gt, le, lt, ne, or, xor } from './comparisons.ts';
import { concat } from './concat.ts';
import { iota, oneHot } from './counting.ts';
import { customJvp } from './custom-jvp.ts';
import { dot } from './dot.ts';
import { gather, scatterAdd } from './gather-scatter.ts';
import { Ops } from './ops.ts';
import type { Primitive } from './primitive.ts';
import { reduceMax, reduceMin, reduceSum } from './reduce.ts';
import { permute, reshape, reverse, roll } from './reshape-permute.ts';
import { cast, select } from './select-cast.ts';
import { pad, slice } from './slice-pad.ts';
import { ceil, floor, isInf, isNan, not, round, sign } from './stepwise.ts';
import {
  abs,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  erf,
  exp,
  expm1,
  log,
  log1p,
  logistic,
  sin,
  sinh,
  softplus,
  sqrt,
  tan,
  tanh,
} from './unary-math.ts';
import { fold, windows } from './windows-fold.ts';

export const primitives = {
  neg,
  abs,
  sign,
  exp,
  expm1,
  log,
  log1p,
  sqrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  logistic,
  softplus,
  floor,
  ceil,
  round,
  is_nan: isNan,
  is_inf: isInf,
  not,
  add,
  sub,
  mul,
  div,
  rem,
  pow,
  max,
  min,
  atan2,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  and,
  or,
  xor,
  select,
  custom_jvp: customJvp,
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
} satisfies { [P in PrimitiveName]: Primitive<PrimitiveParams[P]> };

/** A primitive's rules for code that knows it only by name: its params are plain data. */
// biome-ignore lint/suspicious/noExplicitAny: params of a primitive that is known only at run time
export const rulesOf = (name: PrimitiveName): Primitive<any> => primitives[name];

/** An elementwise equation over literals, computed now; all operands are uniform, so one element is enough. */
const foldLiterals = (
  ops: Ops,
  // biome-ignore lint/suspicious/noExplicitAny: as in rulesOf
  rules: Primitive<any>,
  inputs: readonly Atom[],
  params: Params,
  output: Aval,
): Atom | undefined => {
  for (let i = 0; i < inputs.length; i++) if (inputs[i].kind === 'var') return undefined;
  const values = (inputs as readonly Literal[]).map(({ aval: { dtype }, value }) => {
    const data = allocate(dtype, 1);
    data[0] = value;
    return { shape: [], dtype, data };
  });
  const result = { shape: [], dtype: output.dtype, data: allocate(output.dtype, 1) };
  rules.evaluate(values, params, result);
  return ops.literal(result.data[0], output.shape, output.dtype);
};

/**
 * An elementwise equation over operands that one broadcast repeats alike (or literals), as the broadcast of
 * the equation over what they repeat.
 */
const hoistBroadcast = (
  ops: Ops,
  name: PrimitiveName,
  inputs: readonly Atom[],
  params: Params,
  output: Aval,
): Atom | undefined => {
  let axes: readonly number[] | undefined;
  for (let i = 0; i < inputs.length; i++) {
    if (inputs[i].kind === 'literal') continue;
    const maker = ops.maker(inputs[i]);
    if (maker === undefined || maker.primitive !== 'broadcast') return undefined;
    const own = maker.params.axes as readonly number[];
    if (axes && !sameShape(own, axes)) return undefined;
    axes = own;
  }
  if (!axes) return undefined;
  const sources = inputs.map((a) => ops.maker(a)?.inputs[0] ?? a);
  const shape = axes.map((axis) => output.shape[axis]);
  const small = sources.map((a) => (a.kind === 'literal' ? ops.literal(a.value, shape, a.aval.dtype) : a));
  return ops.broadcast(ops.emit(name, small, params), output.shape, axes);
};

/** Nothing is a literal, and so is a sum over nothing: no later pass has to think of arrays without elements. */
const emptyLiteral = (ops: Ops, name: PrimitiveName, inputs: readonly Atom[], output: Aval): Atom | undefined => {
  const isNothing = output.shape.includes(0) || (rulesOf(name).algebra === 'contraction' && areEmpty(inputs));
  return isNothing ? ops.literal(0, output.shape, output.dtype) : undefined;
};

const areEmpty = (inputs: readonly Atom[]): boolean => {
  for (let i = 0; i < inputs.length; i++) if (inputs[i].aval.shape.includes(0)) return true;
  return false;
};

const inference: Inference = {
  shares: true,
  infer: (name, inputs, params) => rulesOf(name).shape(inputs, params),
  fold: (builder, name, inputs, params, output) => {
    const ops = builder as Ops;
    const rules = rulesOf(name);
    const empty = emptyLiteral(ops, name, inputs, output);
    if (empty) return empty;
    if (rules.algebra === 'diagonal') {
      const found =
        foldLiterals(ops, rules, inputs, params, output) ?? hoistBroadcast(ops, name, inputs, params, output);
      if (found) return found;
    }
    return rules.fold?.(ops, inputs, params, output);
  },
};

/** Folds only what later passes rely on: that no array is without elements. */
const foldEmpty: Inference['fold'] = (builder, name, inputs, _params, output) =>
  emptyLiteral(builder as Ops, name, inputs, output);

let current = inference;

/** A new builder of programs over these primitives. */
export const newOps = (): Ops => new Ops(current);

/** Runs `step`, which must be synchronous, with builders that fold nothing that they needn't, or share nothing: for tests that compare. */
export const simplifying = <T>(
  { folding, sharing }: { readonly folding: boolean; readonly sharing: boolean },
  step: () => T,
): T => {
  if (folding && sharing) return step();
  current = { ...inference, shares: sharing, ...(folding ? {} : { fold: foldEmpty }) };
  try {
    return step();
  } finally {
    current = inference;
  }
};
