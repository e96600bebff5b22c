/** Weights and inputs as `apply` is given them: checked, and made tensors. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from '../errors.ts';
import { type Shape, sizeOf } from '../ir/aval.ts';
import { isLeafLike, readLeaf } from '../leaf.ts';
import { NdArray, tensorOf } from '../nd-array.ts';
import { describe, unflattenTree, walkTree } from '../pytree.ts';

const inputError = (path: string, message: string, fields: Record<string, unknown> = {}): DiffopsError =>
  new DiffopsError('INPUT', `${path} ${message}`, { path, ...fields });

const refuse = (path: string, what: string): DiffopsError =>
  inputError(path, `is ${what}; give a tensor, an NdArray or a typed array.`, { value: what });

/** A weight's values, copied. */
export const copyOf = (tensor: tf.Tensor, path: string): NdArray => {
  const { shape, data } = readLeaf(tensor, path, { finite: false, differentiated: true, offset: 0 });
  return new NdArray(shape, data as Float32Array | Float64Array);
};

const isTensor = (value: unknown): value is tf.Tensor => value instanceof tf.Tensor;

const float = (tensor: tf.Tensor, path: string): tf.Tensor => {
  if (tensor.isDisposed) throw inputError(path, 'is a disposed tensor.');
  if (tensor.dtype === 'float32') return tensor;
  throw inputError(path, `is a tensor of dtype ${tensor.dtype}; weights are float32.`, { dtype: tensor.dtype });
};

/** A leaf as a tensor of the weight's shape; a vector of as many elements is one in row-major order. */
const weightOf = (value: unknown, path: string, shape: Shape): tf.Tensor => {
  const shaped = (tensor: tf.Tensor): tf.Tensor => {
    if (tf.util.arraysEqual(tensor.shape, [...shape])) return tensor;
    if (tensor.rank <= 1 && tensor.size === sizeOf(shape)) return tensor.reshape([...shape]);
    throw inputError(path, `has shape [${tensor.shape}]; the weight's is [${shape}].`, {
      shape: tensor.shape,
      expected: shape,
    });
  };
  if (isTensor(value)) return shaped(float(value, path));
  if (value instanceof NdArray) return shaped(value.toTensor());
  if (typeof value === 'number') return shaped(tensorOf([], Float64Array.of(value)));
  if (value instanceof Float32Array || value instanceof Float64Array) return shaped(tensorOf([value.length], value));
  throw refuse(path, describe(value));
};

/** The weights that a tree of params must have: where, and of which shape. */
export class Expected {
  readonly #shapes: readonly Shape[];
  readonly #indices: ReadonlyMap<string, number>;

  constructor(paths: readonly string[], shapes: readonly Shape[]) {
    this.#shapes = shapes;
    this.#indices = new Map(paths.map((path, i) => [path, i]));
  }

  /** Tensors in the order of `paths`. Throws INPUT, naming what is missing, too much or of another shape. */
  read(params: unknown): tf.Tensor[] {
    const tensors: tf.Tensor[] = [];
    walkTree(params, 'params', {
      isLeaf: isLeafLike,
      leaf: (value, path) => {
        const i = this.#indices.get(path);
        if (i === undefined) throw inputError(path, `is no weight of the model, which has ${this.#list()}.`);
        tensors[i] = weightOf(value, path, this.#shapes[i]);
      },
      refuse,
    });
    for (const [path, i] of this.#indices) {
      if (!tensors[i]) throw inputError(path, 'is missing; give all weights, as in { ...model.params, head }.');
    }
    return tensors;
  }

  #list(): string {
    const paths = [...this.#indices.keys()];
    const more = paths.length > 8 ? `, … (${paths.length} in all)` : '';
    return (paths.slice(0, 8).join(', ') || 'none that is trainable') + more;
  }
}

/** Inputs as they are given, a tensor for each leaf. */
export const readInputs = (inputs: unknown): tf.Tensor | tf.Tensor[] | Record<string, tf.Tensor> => {
  const { leaves, structure } = walkTree<tf.Tensor>(inputs, 'inputs', {
    isLeaf: isLeafLike,
    leaf: (value, path) => {
      if (value instanceof NdArray) return value.toTensor();
      if (!isTensor(value)) throw refuse(path, describe(value));
      if (value.isDisposed) throw inputError(path, 'is a disposed tensor.');
      return value;
    },
    refuse,
  });
  return unflattenTree(structure, leaves) as ReturnType<typeof readInputs>;
};

interface Input {
  readonly name: string;
  /** `null` for what may be of any size. */
  readonly shape: readonly (number | null)[];
}

/** The tensors for a model's inputs, in their order. */
export const orderedInputs = (given: unknown, expected: readonly Input[]): tf.Tensor[] => {
  const inputs = readInputs(given);
  const names = expected.map(({ name }) => name);
  if (isTensor(inputs) || Array.isArray(inputs)) return fitted([inputs].flat(), expected);
  const missing = names.find((name) => !Object.hasOwn(inputs ?? {}, name));
  if (missing !== undefined)
    throw inputError('inputs', `has no '${missing}'; the model's inputs are ${names.join(', ')}.`);
  const extra = Object.keys(inputs).find((name) => !names.includes(name));
  if (extra !== undefined) throw inputError('inputs', `has '${extra}'; the model's inputs are ${names.join(', ')}.`);
  return fitted(
    names.map((name) => inputs[name]),
    expected,
  );
};

const fitted = (tensors: tf.Tensor[], expected: readonly Input[]): tf.Tensor[] => {
  if (tensors.length !== expected.length) {
    throw inputError(
      'inputs',
      `has ${tensors.length} tensors; the model has ${expected.length} inputs: ${expected.map(({ name }) => name).join(', ')}.`,
      { value: tensors.length, limit: expected.length },
    );
  }
  return tensors.map((given, i) => {
    const { name, shape } = expected[i];
    // As `predict` does: a vector is a batch of single numbers.
    const tensor = given.rank === 1 && shape.length === 2 ? given.expandDims(1) : given;
    if (tensor.rank === shape.length && shape.every((size, axis) => size === null || size === tensor.shape[axis]))
      return tensor;
    const wanted = shape.map((size) => size ?? 'any').join(', ');
    throw inputError(`input '${name}'`, `has shape [${given.shape}]; the model takes [${wanted}].`, {
      shape: given.shape,
      expected: shape,
    });
  });
};
