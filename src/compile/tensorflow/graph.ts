/** Builds the body of a TensorFlow function: nodes, the tensors that they make, and constants, each of which stands there once. */

import { allocate, type Dtype, type Shape, sameShape, sizeOf, type TypedArray } from '../../ir/aval.ts';
import type { Attributes, NodeDef } from './saved-model.ts';

/** What a node makes, or an argument. */
export interface Tensor {
  /** As nodes of the same body name it: an argument, or `node:port:index`. */
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** What a node is asked to make: the name that TensorFlow has for the result, and what that is. */
interface Result {
  readonly port?: string;
  readonly index?: number;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** What TensorFlow calls an operation's first result, where that isn't `output`. */
const PORTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil Cos Cosh Erf Exp Expm1 Floor IsInf IsNan Log Log1p LogicalNot Neg Rint Sigmoid Sign Sin Sinh Sqrt Tan Tanh Transpose'
      .split(' ')
      .map((op) => [op, 'y']),
  ),
  ...Object.fromEntries(
    'AddV2 Atan2 BitwiseAnd Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Maximum Minimum Mod Mul NotEqual Pow RealDiv Sub'
      .split(' ')
      .map((op) => [op, 'z']),
  ),
  AddN: 'sum',
  Cumsum: 'out',
  Softplus: 'activations',
};

export class GraphBuilder {
  readonly nodes: NodeDef[] = [];
  /** What nodes that are being made are for; the engine's messages name it. */
  label = 'program';
  readonly #constants = new Map<string, Tensor>();

  /** A node whose element type `T` is that of its first operand. */
  node(op: string, operands: readonly Tensor[], result: Result, attributes: Attributes = {}): Tensor {
    const T = operands.length > 0 ? { T: { type: operands[0].dtype } } : {};
    return this.untyped(op, operands, result, { ...T, ...attributes });
  }

  /** A node that has no attribute `T`, or has it given. */
  untyped(op: string, operands: readonly Tensor[], result: Result, attributes: Attributes): Tensor {
    const { port = PORTS[op] ?? 'output', index = 0, dtype, shape } = result;
    const name = `${this.label}.${this.nodes.length}`;
    this.nodes.push({ name, op, inputs: operands.map((t) => t.name), attributes });
    return { name: `${name}:${port}:${index}`, dtype, shape };
  }

  constant(data: TypedArray, dims: Shape, dtype: Dtype): Tensor {
    const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${dtype}[${dims}]${Buffer.from(content).toString('latin1')}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const attributes = { dtype: { type: dtype }, value: { tensor: { dtype, dims, content } } };
    const made = this.untyped('Const', [], { dtype, shape: dims }, attributes);
    this.#constants.set(key, made);
    return made;
  }

  scalar(value: number, dtype: Dtype): Tensor {
    const data = allocate(dtype, 1);
    data[0] = dtype === 'bool' ? Number(value !== 0) : value;
    return this.constant(data, [], dtype);
  }

  /** Shapes, axes, bounds: what the compiler wants to know beforehand. */
  ints(values: readonly number[]): Tensor {
    return this.constant(Int32Array.from(values), [values.length], 'int32');
  }

  /** All elements alike. */
  filled(value: number, shape: Shape, dtype: Dtype): Tensor {
    const scalar = this.scalar(value, dtype);
    return shape.length === 0
      ? scalar
      : this.node('Fill', [this.ints(shape), scalar], { dtype, shape }, { T: { type: dtype } });
  }

  reshape(x: Tensor, shape: Shape): Tensor {
    return sameShape(x.shape, shape) ? x : this.node('Reshape', [x, this.ints(shape)], { dtype: x.dtype, shape });
  }

  transpose(x: Tensor, permutation: readonly number[]): Tensor {
    if (permutation.every((axis, i) => axis === i)) return x;
    const shape = permutation.map((axis) => x.shape[axis]);
    return this.node('Transpose', [x, this.ints(permutation)], { dtype: x.dtype, shape });
  }

  /** Repeated along axes of length 1. */
  expand(x: Tensor, shape: Shape): Tensor {
    return sameShape(x.shape, shape) ? x : this.node('BroadcastTo', [x, this.ints(shape)], { dtype: x.dtype, shape });
  }

  cast(x: Tensor, dtype: Dtype): Tensor {
    if (x.dtype === dtype) return x;
    const attributes = { SrcT: { type: x.dtype }, DstT: { type: dtype } };
    return this.untyped('Cast', [x], { dtype, shape: x.shape }, attributes);
  }

  /** x cut along each axis; the ends are where the strides lead. */
  slice(x: Tensor, starts: readonly number[], limits: readonly number[], strides: readonly number[]): Tensor {
    const shape = x.shape.map((_, i) => Math.max(0, Math.ceil((limits[i] - starts[i]) / strides[i])));
    if (sameShape(x.shape, shape)) return x;
    const operands = [x, this.ints(starts), this.ints(limits), this.ints(strides)];
    return this.node('StridedSlice', operands, { dtype: x.dtype, shape }, { Index: { type: 'int32' } });
  }

  /** x cut along one axis. */
  sliceAlong(x: Tensor, axis: number, start: number, limit: number, stride = 1): Tensor {
    const only = (value: number, others: (i: number) => number): number[] =>
      x.shape.map((_, i) => (i === axis ? value : others(i)));
    return this.slice(
      x,
      only(start, () => 0),
      only(limit, (i) => x.shape[i]),
      only(stride, () => 1),
    );
  }

  /** x with `value` around it; `low` and `high` per axis. */
  pad(x: Tensor, low: readonly number[], high: readonly number[], value = 0): Tensor {
    const shape = x.shape.map((d, i) => d + low[i] + high[i]);
    if (sameShape(x.shape, shape)) return x;
    const sides = Int32Array.from(x.shape.flatMap((_, i) => [low[i], high[i]]));
    const paddings = this.constant(sides, [x.shape.length, 2], 'int32');
    return this.node('PadV2', [x, paddings, this.scalar(value, x.dtype)], { dtype: x.dtype, shape });
  }

  /** x with `count` values between neighbours along an axis. */
  spread(x: Tensor, axis: number, count: number, value = 0): Tensor {
    const length = x.shape[axis];
    if (count === 0 || length < 2) return x;
    const apart = this.reshape(x, x.shape.toSpliced(axis + 1, 0, 1));
    const none = apart.shape.map(() => 0);
    const widened = this.pad(apart, none, none.with(axis + 1, count), value);
    const flat = this.reshape(widened, x.shape.with(axis, length * (1 + count)));
    return this.sliceAlong(flat, axis, 0, length * (1 + count) - count);
  }

  /** Elements where a condition holds, else other ones; a scalar stands for all. */
  select(condition: Tensor, whenTrue: Tensor, whenFalse: Tensor): Tensor {
    const { dtype } = whenTrue;
    const shape = whenTrue.shape.length > 0 ? whenTrue.shape : whenFalse.shape;
    return this.node('SelectV2', [condition, whenTrue, whenFalse], { dtype, shape }, { T: { type: dtype } });
  }

  /** Reduces axes, which vanish. */
  reduce(op: 'Sum' | 'Max' | 'Min', x: Tensor, axes: readonly number[]): Tensor {
    if (axes.length === 0) return x;
    const shape = x.shape.filter((_, i) => !axes.includes(i));
    return this.node(op, [x, this.ints(axes)], { dtype: x.dtype, shape });
  }

  /** Joined along a new axis. */
  stack(parts: readonly Tensor[], axis: number): Tensor {
    const [{ shape, dtype }] = parts;
    const joined = shape.toSpliced(axis, 0, parts.length);
    return this.node('Pack', parts, { dtype, shape: joined }, { N: parts.length, axis });
  }

  /** The sum of tensors of one shape. */
  total(terms: readonly Tensor[]): Tensor {
    const [{ dtype, shape }] = terms;
    return terms.length === 1 ? terms[0] : this.node('AddN', terms, { dtype, shape }, { N: terms.length });
  }
}

/** Whether an array has elements. */
export const isEmpty = (shape: Shape): boolean => sizeOf(shape) === 0;
