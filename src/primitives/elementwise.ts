/** How an elementwise primitive is made from its scalar function and its slopes. */

import { type Aval, type Dtype, sizeOf, type TypedArray, type Value } from '../ir/aval.ts';
import type { PrimitiveName, PrimitiveParams } from '../ir/params.ts';
import type { Atom } from '../ir/program.ts';
import { aligned } from './batching.ts';
import { expectAlike, expectCount, expectDtype } from './checks.ts';
import type { Ops } from './ops.ts';
import type { Batched, Primitive, Sparsity } from './primitive.ts';

export type Elementwise = Primitive<PrimitiveParams['neg']>;
export const FLOAT: readonly Dtype[] = ['float32', 'float64'];
export const NUMBER: readonly Dtype[] = ['float32', 'float64', 'int32'];
export const BOOL: readonly Dtype[] = ['bool'];

/** Cost in flops of a transcendental function, per element. */
export const TRANSCENDENTAL = 15;

/**
 * How far apart an operand's elements are: 0 for a uniform operand, of which `data` holds one element
 * (every evaluate of a diagonal primitive takes those).
 */
export const stepOf = (value: Value): 0 | 1 => (value.data.length === 1 ? 0 : 1);

/** Loops over one and two operands of steps 0 or 1. A loop of its own is what the compiler makes fast. */
type UnaryLoop = (x: TypedArray, dx: number, out: TypedArray) => void;
export type Loop = (x: TypedArray, dx: number, y: TypedArray, dy: number, out: TypedArray) => void;

const unaryLoopOf =
  (f: (x: number) => number): UnaryLoop =>
  (x, dx, out) => {
    for (let i = 0, p = 0; i < out.length; i++, p += dx) out[i] = f(x[p]);
  };

const loopOf =
  (f: (x: number, y: number) => number): Loop =>
  (x, dx, y, dy, out) => {
    for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = f(x[p], y[q]);
  };

/** The batching rule of every elementwise primitive. */
export const elementwiseVmap = (
  ops: Ops,
  name: PrimitiveName,
  inputs: readonly Batched[],
  size: number,
  params = {},
): Batched => {
  const { values, axis } = aligned(ops, inputs, size);
  return { value: ops.emit(name, values, params), axis };
};

interface Common {
  readonly operands: readonly Dtype[];
  /** The result's dtype, where it isn't the operands'. */
  readonly result?: 'bool';
  readonly cost?: number;
  readonly sparsity?: Sparsity;
  readonly transpose?: Elementwise['transpose'];
  readonly fold?: NonNullable<Elementwise['fold']>;
}

interface Unary extends Common {
  readonly value?: (x: number) => number;
  /** In place of `value`, for what must be fast. */
  readonly loop?: UnaryLoop;
  /** The derivative at x, given the result y; null where it is zero wherever it exists. */
  readonly slope: ((ops: Ops, x: Atom, y: Atom) => Atom) | null;
}

const common = (name: PrimitiveName, count: number, rules: Common) => ({
  algebra: 'diagonal' as const,
  sparsity: rules.sparsity ?? 'aligned',
  shape: (inputs: readonly Aval[]): Aval => {
    expectCount(name, inputs, count);
    expectDtype(name, inputs, rules.operands);
    expectAlike(name, inputs);
    return rules.result ? { shape: inputs[0].shape, dtype: rules.result } : inputs[0];
  },
  transpose: rules.transpose ?? ('nonlinear' as const),
  vmap: (ops: Ops, inputs: readonly Batched[], _params: unknown, size: number) =>
    elementwiseVmap(ops, name, inputs, size),
  cost: (_inputs: readonly Aval[], _params: unknown, output: Aval) => (rules.cost ?? 1) * sizeOf(output.shape),
  ...(rules.fold ? { fold: rules.fold } : {}),
});

/** A primitive of one operand. */
export const unary = (name: PrimitiveName, rules: Unary): Elementwise => {
  const loop = rules.loop ?? unaryLoopOf(rules.value as (x: number) => number);
  return {
    ...common(name, 1, { ...rules, sparsity: rules.sparsity ?? (rules.slope ? 'aligned' : 'none') }),
    evaluate: ([x], _params, output) => loop(x.data, stepOf(x), output.data),
    jvp: (ops, inputs, tangents, _params, y) => {
      const tangent = tangents[0];
      return tangent && rules.slope ? ops.mul(tangent, rules.slope(ops, inputs[0], y)) : null;
    },
  };
};

interface Binary extends Common {
  readonly value?: (x: number, y: number) => number;
  /** In place of `value`, for what must be fast. */
  readonly loop?: Loop;
  /** int32's own arithmetic, where storing the float result isn't it. */
  readonly integer?: (x: number, y: number) => number;
  /** The tangents that come from each operand's own; null where an operand has no derivative. */
  readonly jvp: Elementwise['jvp'];
}

/** A primitive of two operands of one shape and dtype. */
export const binary = (name: PrimitiveName, rules: Binary): Elementwise => {
  const loop = rules.loop ?? loopOf(rules.value as (x: number, y: number) => number);
  const integerLoop = rules.integer ? loopOf(rules.integer) : loop;
  return {
    ...common(name, 2, rules),
    evaluate: ([x, y], _params, output) =>
      (x.dtype === 'int32' ? integerLoop : loop)(x.data, stepOf(x), y.data, stepOf(y), output.data),
    jvp: rules.jvp,
  };
};

/** The jvp of what has no derivative, or one that is zero wherever it exists. */
export const noTangent = (): null => null;
