/** reduce_sum, reduce_max, reduce_min: whole axes brought down to one number. */

import { type Aval, allocate, sizeOf, stridesOf, type Value } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import type { Atom, Equation } from '../ir/program.ts';
import { past } from './batching.ts';
import { expectAxes, expectCount, expectDtype } from './checks.ts';
import { sumOfDot } from './dot-folds.ts';
import { NUMBER } from './elementwise.ts';
import type { Ops } from './ops.ts';
import type { Batched, Primitive } from './primitive.ts';
import { type Combine, walk } from './strided.ts';

type Axes = PrimitiveParams['reduce_sum'];
type ReduceName = 'reduce_sum' | 'reduce_max' | 'reduce_min';

/** The axes of a rank that are not in `axes`. */
const otherAxes = (rank: number, axes: readonly number[]): number[] => {
  const kept: number[] = [];
  for (let i = 0; i < rank; i++) if (!axes.includes(i)) kept.push(i);
  return kept;
};

const reduceInto = (combine: Combine, initial: number, x: Value, axes: readonly number[], output: Value): void => {
  // float32 is added up in float64 and rounded once.
  const wide = combine === 'add' && output.dtype === 'float32';
  const data = wide ? allocate('float64', output.data.length) : output.data;
  if (initial !== 0) data.fill(initial);
  const kept = otherAxes(x.shape.length, axes);
  const own = stridesOf(output.shape);
  const strides = x.shape.map(() => 0);
  for (const [i, axis] of kept.entries()) strides[axis] = own[i];
  walk(combine, x.shape, { data: x.data, offset: 0, strides: stridesOf(x.shape) }, { data, offset: 0, strides });
  if (wide) output.data.set(data);
};

const rules = (name: ReduceName) => ({
  shape: (inputs: readonly Aval[], { axes }: Axes): Aval => {
    expectCount(name, inputs, 1);
    expectDtype(name, inputs, NUMBER);
    expectAxes(name, inputs, axes);
    const { shape, dtype } = inputs[0];
    return { shape: shape.filter((_, i) => !axes.includes(i)), dtype };
  },
  vmap: (ops: Ops, [{ value, axis }]: readonly Batched[], { axes }: Axes): Batched => {
    const at = axis as number;
    const moved = axes.map((i) => past(i, at));
    return { value: ops.emit(name, [value], { axes: moved }), axis: at - moved.filter((i) => i < at).length };
  },
  cost: ([x]: readonly Aval[]): number => sizeOf(x.shape),
});

/** The reduction of a broadcast's operand, and how often each of its elements was repeated along the reduced axes. */
const throughBroadcast = (
  ops: Ops,
  name: ReduceName,
  { inputs, params }: Equation,
  axes: readonly number[],
  output: Aval,
): { value: Atom; times: number } | undefined => {
  const [x] = inputs;
  const places = params.axes as readonly number[];
  const shape = params.shape as readonly number[];
  const reduced = places.map((_, i) => i).filter((i) => axes.includes(places[i]));
  const repeats = axes.filter((axis) => !places.includes(axis));
  if (repeats.length === 0 && shape.length - axes.length === places.length - reduced.length) return undefined;
  const left = otherAxes(shape.length, axes);
  const inner = ops.emit(name, [x], { axes: reduced });
  const kept = places.filter((axis) => !axes.includes(axis)).map((axis) => left.indexOf(axis));
  return {
    value: ops.broadcast(inner, output.shape, kept),
    times: repeats.reduce((product, axis) => product * shape[axis], 1),
  };
};

/** What all reductions simplify to alike; `scale` says what repeating an element does to the result. */
const commonFold = (
  ops: Ops,
  name: ReduceName,
  x: Atom,
  axes: readonly number[],
  output: Aval,
  scale: (value: Atom, times: number) => Atom,
): Atom | undefined => {
  if (axes.length === 0) return x;
  if (x.kind === 'literal' && !x.aval.shape.includes(0)) {
    const times = sizeOf(x.aval.shape) / sizeOf(output.shape);
    return scale(ops.literal(x.value, output.shape, output.dtype), times);
  }
  const { shape } = x.aval;
  if (axes.every((i) => shape[i] === 1)) return ops.reshape(x, output.shape);
  const maker = ops.maker(x);
  if (maker?.primitive === name) {
    const inner = maker.params.axes as readonly number[];
    const left = otherAxes(maker.inputs[0].aval.shape.length, inner);
    const all = [...inner, ...axes.map((i) => left[i])].sort((a, b) => a - b);
    return ops.emit(name, maker.inputs, { axes: all });
  }
  if (maker?.primitive === 'broadcast' && !shape.includes(0)) {
    const found = throughBroadcast(ops, name, maker, axes, output);
    return found && scale(found.value, found.times);
  }
  return undefined;
};

export const reduceSum: Primitive<Axes> = {
  ...rules('reduce_sum'),
  algebra: 'contraction',
  sparsity: 'summed',
  evaluate: ([x], { axes }, output) => reduceInto('add', 0, x, axes, output),
  jvp: (ops, _inputs, [tangent], { axes }) => tangent && ops.sum(tangent, axes),
  transpose: (ops, ct, _inputs, { axes }, [x]) => [ops.broadcast(ct, x.shape, otherAxes(x.shape.length, axes))],
  fold: (ops, [x], { axes }, output) => {
    const found = commonFold(ops, 'reduce_sum', x, axes, output, (value, times) => ops.mul(value, times));
    if (found) return found;
    const maker = ops.maker(x);
    if (maker?.primitive === 'dot') return sumOfDot(ops, maker, axes);
    if (maker?.primitive === 'neg') return ops.neg(ops.sum(maker.inputs[0], axes));
    if (maker?.primitive === 'mul' && maker.inputs[1].kind === 'literal') {
      return ops.mul(ops.sum(maker.inputs[0], axes), maker.inputs[1].value);
    }
    return undefined;
  },
};

/** The extreme's tangent: the tangents of all elements that tie for it, in equal shares. */
const extremum = (name: 'reduce_max' | 'reduce_min', combine: 'max' | 'min', worst: number): Primitive<Axes> => ({
  ...rules(name),
  algebra: 'other',
  sparsity: 'mixed',
  evaluate: ([x], { axes }, output) => {
    const least = output.dtype === 'int32' ? Math.sign(worst) * (2 ** 31 - 1) : worst;
    reduceInto(combine, least, x, axes, output);
  },
  jvp: (ops, [x], [tangent], { axes }, output) => {
    if (!tangent) return null;
    const { shape } = x.aval;
    const kept = otherAxes(shape.length, axes);
    const wins = ops.binary('eq', x, ops.broadcast(output, shape, kept));
    const indicator = ops.select(wins, ops.full(x, 1), 0);
    const counts = ops.broadcast(ops.sum(indicator, axes), shape, kept);
    return ops.sum(ops.mul(tangent, ops.div(indicator, counts)), axes);
  },
  transpose: 'nonlinear',
  fold: (ops, [x], { axes }, output) => commonFold(ops, name, x, axes, output, (value) => value),
});

export const reduceMax = extremum('reduce_max', 'max', Number.NEGATIVE_INFINITY);
export const reduceMin = extremum('reduce_min', 'min', Number.POSITIVE_INFINITY);
