/** The constants that a recording captures: copied once, shared where they are equal, literals where they are uniform. */

import type * as tf from '@tensorflow/tfjs-core';
import { float64ValuesOf } from '../float64.ts';
import {
  allocate,
  type Dtype,
  type FloatDtype,
  isFloat,
  type Shape,
  sizeOf,
  type TypedArray,
  type Value,
} from '../ir/aval.ts';
import { type Atom, isLiteral } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';

/** What tfjs calls a dtype of the program. */
export const tfjsDtype = (dtype: Dtype): 'float32' | 'int32' | 'bool' => (isFloat(dtype) ? 'float32' : dtype);

/** Equal constants of up to so many bytes become one input: loops tend to make the same small tensor over and over. */
const SHARED_BYTES = 512;

const isUniform = (data: TypedArray): boolean => {
  const [first] = data;
  for (let i = 1; i < data.length; i++) if (!Object.is(data[i], first)) return false;
  return true;
};

/** A copy in the program's dtype; any byte but 0 is true to tfjs. */
const converted = (values: ArrayLike<number>, dtype: Dtype): TypedArray => {
  const data = allocate(dtype, values.length);
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) data[i] = values[i] === 0 ? 0 : 1;
  else data.set(values);
  return data;
};

export class Constants {
  readonly #ops: Ops;
  readonly #precision: FloatDtype;
  readonly #read: (dataId: object) => ArrayLike<number>;
  /** By data id, then dtype and shape: one data id can stand under several. */
  readonly #captured = new Map<object, Map<string, Atom>>();
  readonly #shared = new Map<string, Atom>();
  readonly #values = new Map<Atom, Value>();

  constructor(ops: Ops, precision: FloatDtype, read: (dataId: object) => ArrayLike<number>) {
    this.#ops = ops;
    this.#precision = precision;
    this.#read = read;
  }

  /** The atom of a tensor that doesn't depend on x or data, whose dtype is float32, int32 or bool. */
  capture(tensor: tf.TensorInfo): Atom {
    const dtype = tensor.dtype === 'float32' ? this.#precision : (tensor.dtype as 'int32' | 'bool');
    const key = `${dtype}:${tensor.shape.join(',')}`;
    let atoms = this.#captured.get(tensor.dataId);
    if (!atoms) {
      atoms = new Map();
      this.#captured.set(tensor.dataId, atoms);
    }
    let atom = atoms.get(key);
    if (!atom) {
      atom = this.#make(tensor, dtype, key);
      atoms.set(key, atom);
    }
    return atom;
  }

  /** The numbers of a captured constant or a literal, else undefined. */
  valueOf(atom: Atom): Value | undefined {
    if (!isLiteral(atom)) return this.#values.get(atom);
    const { shape, dtype } = atom.aval;
    return { shape, dtype, data: allocate(dtype, sizeOf(shape)).fill(atom.value) };
  }

  has(atom: Atom): boolean {
    return isLiteral(atom) || this.#values.has(atom);
  }

  #make(tensor: tf.TensorInfo, dtype: Dtype, key: string): Atom {
    const shape: Shape = [...tensor.shape];
    const size = sizeOf(shape);
    const precise =
      dtype === 'float64' ? float64ValuesOf({ dataId: tensor.dataId, dtype: tensor.dtype, size }) : undefined;
    const data = converted(precise ?? this.#read(tensor.dataId), dtype);
    if (isUniform(data)) return this.#ops.literal(data[0] ?? 0, shape, dtype);
    if (data.byteLength > SHARED_BYTES) return this.#input({ shape, dtype, data });
    const content = `${key}:${Buffer.from(data.buffer).toString('latin1')}`;
    const shared = this.#shared.get(content) ?? this.#input({ shape, dtype, data });
    this.#shared.set(content, shared);
    return shared;
  }

  #input(value: Value): Atom {
    const atom = this.#ops.input({ shape: value.shape, dtype: value.dtype });
    this.#values.set(atom, value);
    return atom;
  }
}
