/** Builds an ONNX graph node by node: names, shared constants, and reshapes that collapse into one. */

import { allocate, type Dtype, type Shape, sameShape, sizeOf, type TypedArray } from '../../ir/aval.ts';
import { type Attribute, DATA_TYPE, type NodeProto, type TensorProto } from './model.ts';
import { transposeSteps } from './transpose-steps.ts';

/**
 * A value in the graph, with the shape that it has there; but what has no axes is held with one, of length 1. Where the
 * engine looks for memory to use again it passes over values without axes, and never takes them off its list.
 */
export interface Tensor {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: Dtype;
}

/** What else a node may have. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

/** The shape in which the engine holds a tensor. */
export const heldShape = (shape: Shape): Shape => (shape.length === 0 ? [1] : shape);

const NONE: NonNullable<NodeOptions['attributes']> = {};
const PLAIN: NodeOptions = {};

/** Constants of more elements than this are made by a node at run time and not kept in the model. */
const LARGEST_CONSTANT = 1 << 15;

const toInt64 = (values: readonly number[]): Uint8Array =>
  new Uint8Array(BigInt64Array.from(values, (v) => BigInt(v)).buffer);

const bytesOf = (data: TypedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

export class GraphBuilder {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  /** Named in the nodes that are being made, for the engine's messages. */
  label = '';
  #count = 0;
  readonly #constants = new Map<string, Tensor>();
  readonly #shapes = new Map<string, string>();
  /** What a tensor is a reshape of. */
  readonly #roots = new Map<string, Tensor>();
  readonly #views = new Map<string, Tensor>();
  /** Names that nodes made, and so may leave the graph without a copy. */
  readonly #made = new Set<string>();
  /** Of inputs, constants and what nodes made. */
  readonly #extents = new Map<string, Shape>();
  readonly #dtypes = new Map<string, Dtype>();

  input(name: string, dtype: Dtype, shape: Shape): Tensor {
    this.#extents.set(name, heldShape(shape));
    this.#dtypes.set(name, dtype);
    return { name, shape, dtype };
  }

  /** The shape in which an input or a node's result is held. */
  shapeOf(name: string): Shape | undefined {
    return this.#extents.get(name);
  }

  /** The dtype of an input, a constant or a node's result; undefined for the int64 of shapes and axes. */
  dtypeOf(name: string): Dtype | undefined {
    return this.#dtypes.get(name);
  }

  /** A node with one result. Operands are tensors or the names of int64 constants; an empty name leaves one out. */
  node(
    opType: string,
    operands: readonly (Tensor | string)[],
    dtype: Dtype,
    shape: Shape,
    options: NodeOptions = PLAIN,
  ): Tensor {
    const result = { name: this.#name(), shape, dtype };
    this.#extents.set(result.name, heldShape(shape));
    this.#dtypes.set(result.name, dtype);
    this.#push(opType, operands, [result.name], options);
    return result;
  }

  /** A node with several results. */
  several(
    opType: string,
    operands: readonly (Tensor | string)[],
    results: readonly { readonly dtype: Dtype; readonly shape: Shape }[],
    options: NodeOptions = PLAIN,
  ): Tensor[] {
    const outputs = results.map(({ dtype, shape }) => ({ name: this.#name(), shape, dtype }));
    for (const { name, shape, dtype } of outputs) {
      this.#extents.set(name, heldShape(shape));
      this.#dtypes.set(name, dtype);
    }
    this.#push(
      opType,
      operands,
      outputs.map((o) => o.name),
      options,
    );
    return outputs;
  }

  #push(opType: string, operands: readonly (Tensor | string)[], outputs: string[], options: NodeOptions): void {
    const inputs: string[] = [];
    for (let i = 0; i < operands.length; i++) {
      const operand = operands[i];
      inputs.push(typeof operand === 'string' ? operand : operand.name);
    }
    const name = `${this.label}#${this.nodes.length}`;
    const { domain = '', attributes = NONE } = options;
    this.nodes.push({ opType, domain, name, inputs, outputs, attributes });
    for (let i = 0; i < outputs.length; i++) this.#made.add(outputs[i]);
  }

  /** Whether a tensor can be a result of the graph as it is. */
  isMade({ name }: Tensor): boolean {
    return this.#made.has(name);
  }

  /** A constant list of int64: a shape, axes, starts, … */
  ints(values: readonly number[]): string {
    return this.#int64(values, [values.length]);
  }
  int(value: number): string {
    return this.#int64([value], []);
  }
  #int64(values: readonly number[], dims: Shape): string {
    const key = `${dims.length}:${values}`;
    let name = this.#shapes.get(key);
    if (name === undefined) {
      name = this.#name();
      this.initializers.push({ name, dims, dtype: 'int64', rawData: toInt64(values) });
      this.#shapes.set(key, name);
    }
    return name;
  }

  /** The array of one value everywhere. */
  filled(value: number, shape: Shape, dtype: Dtype): Tensor {
    const size = sizeOf(shape);
    if (size > LARGEST_CONSTANT) {
      const one = { name: '', dims: [1], dtype, rawData: bytesOf(allocate(dtype, 1).fill(value)) };
      return this.node('ConstantOfShape', [this.ints(shape)], dtype, shape, { attributes: { value: one } });
    }
    const key = `${Object.is(value, -0) ? '-0' : value}:${dtype}:${shape}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const made = this.constant(allocate(dtype, size).fill(value), shape, dtype);
    this.#constants.set(key, made);
    return made;
  }
  scalar(value: number, dtype: Dtype): Tensor {
    return this.filled(value, [], dtype);
  }
  /** The name of a constant that has indeed no axes, for an operand that must be so. */
  bound(value: number, dtype: Dtype): string {
    const key = `bound ${value}:${dtype}`;
    const made = this.#constants.get(key) ?? this.#initializer(allocate(dtype, 1).fill(value), [], [], dtype);
    this.#constants.set(key, made);
    return made.name;
  }
  constant(data: TypedArray, shape: Shape, dtype: Dtype): Tensor {
    return this.#initializer(data, shape, heldShape(shape), dtype);
  }
  #initializer(data: TypedArray, shape: Shape, dims: Shape, dtype: Dtype): Tensor {
    const name = this.#name();
    this.#dtypes.set(name, dtype);
    this.initializers.push({ name, dims, dtype, rawData: bytesOf(data) });
    return { name, shape, dtype };
  }
  /** 0, 1, … along one axis of length `length`. */
  counting(length: number, dtype: 'float32' | 'float64' | 'int32'): Tensor {
    const key = `counting:${dtype}:${length}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const data = allocate(dtype, length);
    for (let i = 0; i < length; i++) data[i] = i;
    const made = this.constant(data, [length], dtype);
    this.#constants.set(key, made);
    return made;
  }

  /** The same elements in another shape: nothing, or one Reshape of what was there before all reshapes. */
  reshape(x: Tensor, shape: Shape): Tensor {
    if (sameShape(x.shape, shape)) return x;
    const root = this.root(x);
    const held = heldShape(shape);
    if (sameShape(heldShape(root.shape), held)) return { ...root, shape };
    const key = `${root.name}:${held}`;
    const known = this.#views.get(key);
    if (known) return { ...known, shape };
    const made = this.node('Reshape', [root, this.ints(held)], x.dtype, shape);
    this.#roots.set(made.name, root);
    this.#views.set(key, made);
    return made;
  }
  /** What a tensor was before it was reshaped. */
  root(x: Tensor): Tensor {
    return this.#roots.get(x.name) ?? x;
  }

  /** x without leading axes of length 1, if that spares a Reshape. */
  bare(x: Tensor): Tensor {
    const root = this.root(x);
    const added = x.shape.length - root.shape.length;
    const same = added > 0 && x.shape.every((d, i) => d === (i < added ? 1 : root.shape[i - added]));
    return same ? root : x;
  }

  cast(x: Tensor, dtype: Dtype): Tensor {
    return this.node('Cast', [x], dtype, x.shape, { attributes: { to: DATA_TYPE[dtype] } });
  }
  /** x as int64, for an operand that must be: only its name is of use. */
  toInt64(x: Tensor): string {
    return this.node('Cast', [x], x.dtype, x.shape, { attributes: { to: DATA_TYPE.int64 } }).name;
  }
  fromInt64(x: string, shape: Shape, dtype: Dtype): Tensor {
    return this.node('Cast', [x], dtype, shape, { attributes: { to: DATA_TYPE[dtype] } });
  }
  /** A reduction over axes, which are gone then. */
  reduce(opType: string, x: Tensor, axes: readonly number[], dtype: Dtype): Tensor {
    const left = x.shape.filter((_, i) => !axes.includes(i));
    if (left.length > 0) {
      return this.node(opType, [x, this.ints(axes)], dtype, left, { attributes: { keepdims: 0 } });
    }
    const flat = this.reshape(x, [sizeOf(x.shape)]);
    return this.node(opType, [flat, this.ints([0])], dtype, [], { attributes: { keepdims: 1 } });
  }
  /** Whether any bool along the axes is true, by the engine's reduction of bytes: it has none of bools. */
  anyOver(x: Tensor, axes: readonly number[]): Tensor {
    const bytes = this.node('Cast', [x], 'bool', x.shape, { attributes: { to: DATA_TYPE.uint8 } });
    return this.cast(this.reduce('ReduceMax', bytes, axes, 'bool'), 'bool');
  }
  /** x cut into its parts of length 1 along an axis. */
  split(x: Tensor, axis: number): Tensor[] {
    const count = x.shape[axis];
    if (count === 1) return [x];
    const one = x.shape.map((d, i) => (i === axis ? 1 : d));
    const results = Array.from({ length: count }, () => ({ dtype: x.dtype, shape: one }));
    return this.several('Split', [x], results, { attributes: { axis, num_outputs: count } });
  }
  /** Axis i of the result is axis `permutation[i]` of x. */
  transpose(x: Tensor, permutation: readonly number[]): Tensor {
    const shape = permutation.map((axis) => x.shape[axis]);
    const moved = permutation.filter((axis) => x.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1])) return this.reshape(x, shape);
    return this.#transposeMerged(x, permutation, shape);
  }

  /** Axes that stay neighbours are one axis, and those of length 1 none: the engine's fast paths see few axes. */
  #transposeMerged(x: Tensor, permutation: readonly number[], shape: Shape): Tensor {
    const runs: number[][] = [];
    for (const axis of permutation) {
      if (x.shape[axis] === 1) continue;
      const last = runs.at(-1);
      if (last && this.#follows(x.shape, last[last.length - 1], axis)) last.push(axis);
      else runs.push([axis]);
    }
    const order = runs.map((_, i) => i).sort((a, b) => runs[a][0] - runs[b][0]);
    const lengths = runs.map((run) => run.reduce((product, axis) => product * x.shape[axis], 1));
    const merges = order.map((run) => lengths[run]);
    const perm = runs.map((_, i) => order.indexOf(i));
    let made = x;
    for (const step of transposeSteps(merges, perm, x.dtype)) {
      const result = step.permutation.map((axis) => step.shape[axis]);
      const operand = this.reshape(made, step.shape);
      made = this.node('Transpose', [operand], x.dtype, result, { attributes: { perm: step.permutation } });
    }
    return this.reshape(made, shape);
  }
  /** Whether `next` comes right after `axis` but for axes of length 1. */
  #follows(shape: Shape, axis: number, next: number): boolean {
    if (next <= axis) return false;
    for (let i = axis + 1; i < next; i++) if (shape[i] !== 1) return false;
    return true;
  }

  #name(): string {
    return `t${this.#count++}`;
  }
}
