/** The builder with one method per primitive: the vocabulary in which rules and recorded kernels are written. */

import { type Dtype, type FloatDtype, type Shape, sameShape } from '../ir/aval.ts';
import { Builder } from '../ir/builder.ts';
import type { DotParams } from '../ir/params.ts';
import type { Atom, Literal } from '../ir/program.ts';
import { canonicalLabels } from './dot-labels.ts';

type UnaryName =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sqrt'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'erf'
  | 'logistic'
  | 'softplus'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'is_nan'
  | 'is_inf'
  | 'not';
type BinaryName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'rem'
  | 'pow'
  | 'max'
  | 'min'
  | 'atan2'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'and'
  | 'or'
  | 'xor';

// Much is asked for that changes nothing, and is left out without being emitted first. An array without elements is for
// the builder to make a literal of.
const hasElements = (x: Atom): boolean => !x.aval.shape.includes(0);

const isIdentity = (permutation: readonly number[]): boolean => {
  for (let i = 0; i < permutation.length; i++) if (permutation[i] !== i) return false;
  return true;
};

/** A number stands for the literal array of the other operand's aval. */
type Operand = Atom | number;

export class Ops extends Builder {
  unary(name: UnaryName, x: Atom): Atom {
    return this.emit(name, [x], {});
  }
  /** Elementwise over two operands of one shape; a number takes the other's aval. */
  binary(name: BinaryName, x: Operand, y: Operand): Atom {
    const like = typeof x === 'number' ? (y as Atom) : x;
    return this.emit(name, [this.#operand(x, like), this.#operand(y, like)], {});
  }
  #operand(x: Operand, like: Atom): Atom {
    return typeof x === 'number' ? this.full(like, x) : x;
  }
  /** The literal array of `value` with the aval of `like`. */
  full(like: Atom, value: number): Literal {
    return this.literal(value, like.aval.shape, like.aval.dtype);
  }

  neg(x: Atom): Atom {
    return this.unary('neg', x);
  }
  add(x: Operand, y: Operand): Atom {
    return this.binary('add', x, y);
  }
  sub(x: Operand, y: Operand): Atom {
    return this.binary('sub', x, y);
  }
  mul(x: Operand, y: Operand): Atom {
    return this.binary('mul', x, y);
  }
  div(x: Operand, y: Operand): Atom {
    return this.binary('div', x, y);
  }
  /** The sum of two tangents or cotangents, either of which may be a symbolic zero. */
  addMaybe(x: Atom | null | undefined, y: Atom | null | undefined): Atom | null {
    if (!x) return y ?? null;
    return y ? this.add(x, y) : x;
  }
  /** A tangent or cotangent as an atom: a symbolic zero becomes the literal zero of the aval of `like`. */
  orZero(x: Atom | null, like: Atom): Atom {
    return x ?? this.full(like, 0);
  }
  select(condition: Atom, whenTrue: Operand, whenFalse: Operand): Atom {
    const like = typeof whenTrue === 'number' ? (whenFalse as Atom) : whenTrue;
    return this.emit('select', [condition, this.#operand(whenTrue, like), this.#operand(whenFalse, like)], {});
  }
  cast(x: Atom, dtype: Dtype): Atom {
    return x.aval.dtype === dtype && hasElements(x) ? x : this.emit('cast', [x], { dtype });
  }
  reshape(x: Atom, shape: Shape): Atom {
    return sameShape(x.aval.shape, shape) && hasElements(x) ? x : this.emit('reshape', [x], { shape });
  }
  broadcast(x: Atom, shape: Shape, axes: readonly number[]): Atom {
    const isSame = axes.length === shape.length && sameShape(x.aval.shape, shape);
    return isSame && hasElements(x) ? x : this.emit('broadcast', [x], { shape, axes });
  }
  /** NumPy's broadcasting of x to a shape: trailing axes align, axes of length 1 repeat. */
  broadcastTo(x: Atom, shape: Shape): Atom {
    if (sameShape(x.aval.shape, shape)) return x;
    const offset = shape.length - x.aval.shape.length;
    const kept = x.aval.shape.map((d, i) => ({ d, axis: i + offset })).filter(({ d, axis }) => d === shape[axis]);
    const squeezed = this.reshape(
      x,
      kept.map(({ d }) => d),
    );
    return this.broadcast(
      squeezed,
      shape,
      kept.map(({ axis }) => axis),
    );
  }
  permute(x: Atom, permutation: readonly number[]): Atom {
    const isSame = permutation.length === x.aval.shape.length && isIdentity(permutation);
    return isSame && hasElements(x) ? x : this.emit('permute', [x], { permutation });
  }
  /** x with one axis moved to another place. */
  moveAxis(x: Atom, from: number, to: number): Atom {
    if (from === to) return x;
    const order = x.aval.shape.map((_, i) => i).filter((i) => i !== from);
    order.splice(to, 0, from);
    return this.permute(x, order);
  }
  reverse(x: Atom, axes: readonly number[]): Atom {
    return this.emit('reverse', [x], { axes });
  }
  /** Element (i + shift) mod length of x at each i along an axis; any whole shift. */
  roll(x: Atom, axis: number, shift: number): Atom {
    const length = Math.max(1, x.aval.shape[axis]);
    return this.emit('roll', [x], { axis, shift: ((shift % length) + length) % length });
  }
  slice(x: Atom, starts: readonly number[], limits: readonly number[], strides?: readonly number[]): Atom {
    return this.emit('slice', [x], { starts, limits, strides: strides ?? starts.map(() => 1) });
  }
  /** The part [start, limit) of x along one axis. */
  sliceAxis(x: Atom, axis: number, start: number, limit: number, stride = 1): Atom {
    const { shape } = x.aval;
    return this.slice(
      x,
      shape.map((_, i) => (i === axis ? start : 0)),
      shape.map((d, i) => (i === axis ? limit : d)),
      shape.map((_, i) => (i === axis ? stride : 1)),
    );
  }
  pad(x: Atom, low: readonly number[], high: readonly number[], interior?: readonly number[], value = 0): Atom {
    return this.emit('pad', [x], { low, high, interior: interior ?? low.map(() => 0), value });
  }
  concat(xs: readonly Atom[], axis: number): Atom {
    return this.emit('concat', xs, { axis });
  }
  gather(x: Atom, indices: Atom, axis: number): Atom {
    return this.emit('gather', [x, indices], { axis });
  }
  scatterAdd(updates: Atom, indices: Atom, axis: number, size: number): Atom {
    return this.emit('scatter_add', [updates, indices], { axis, size });
  }
  iota(shape: Shape, axis: number, dtype: FloatDtype | 'int32' = 'int32'): Atom {
    return this.emit('iota', [], { shape, axis, dtype });
  }
  oneHot(indices: Atom, depth: number, dtype: FloatDtype): Atom {
    return this.emit('one_hot', [indices], { depth, dtype });
  }
  windows(x: Atom, axis: number, size: number, stride = 1, dilation = 1): Atom {
    return this.emit('windows', [x], { axis, size, stride, dilation });
  }
  fold(x: Atom, axis: number, length: number, stride = 1, dilation = 1): Atom {
    return this.emit('fold', [x], { axis, length, stride, dilation });
  }
  sum(x: Atom, axes: readonly number[]): Atom {
    if (axes.length === 0 && hasElements(x)) return x;
    return this.emit('reduce_sum', [x], { axes: [...axes].sort((a, b) => a - b) });
  }
  reduceMax(x: Atom, axes: readonly number[]): Atom {
    return this.emit('reduce_max', [x], { axes: [...axes].sort((a, b) => a - b) });
  }
  reduceMin(x: Atom, axes: readonly number[]): Atom {
    return this.emit('reduce_min', [x], { axes: [...axes].sort((a, b) => a - b) });
  }
  argmax(x: Atom, axis: number): Atom {
    return this.emit('argmax', [x], { axis });
  }
  argmin(x: Atom, axis: number): Atom {
    return this.emit('argmin', [x], { axis });
  }
  argtopk(x: Atom, axis: number, k: number): Atom {
    return this.emit('argtopk', [x], { axis, k });
  }
  cumsum(x: Atom, axis: number, exclusive = false, reverse = false): Atom {
    return this.emit('cumsum', [x], { axis, exclusive, reverse });
  }
  dot(x: Atom, y: Atom, labels: DotParams): Atom {
    const { lhs, rhs, out } = canonicalLabels(labels);
    return this.emit('dot', [x, y], { lhs, rhs, out });
  }
}
