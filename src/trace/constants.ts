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
import type { Complex } from './kernel.ts';

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
  readonly #readSync: (dataId: object) => ArrayLike<number>;
  /** By data id (or array), then dtype and shape: one data id can stand under several. */
  readonly #captured = new Map<object, Map<string, Atom>>();
  readonly #complex = new Map<object, TypedArray[]>();
  readonly #shared = new Map<string, Atom>();
  readonly #values = new Map<Atom, Value>();

  constructor(ops: Ops, precision: FloatDtype, readSync: (dataId: object) => ArrayLike<number>) {
    this.#ops = ops;
    this.#precision = precision;
    this.#readSync = readSync;
  }

  /** The atom of a tensor that doesn't depend on x or data, whose dtype is float32, int32 or bool. */
  capture(tensor: tf.TensorInfo): Atom {
    const dtype = tensor.dtype === 'float32' ? this.#precision : (tensor.dtype as 'int32' | 'bool');
    return this.#once(tensor.dataId, tensor.shape, dtype, () => this.#read(tensor, dtype));
  }

  /** The parts of a complex tensor that doesn't depend on x or data. */
  captureComplex({ dataId, shape }: tf.TensorInfo): Complex {
    let parts = this.#complex.get(dataId);
    if (!parts) {
      // Pairs of numbers, whatever the backend.
      const pairs = this.#readSync(dataId);
      parts = [0, 1].map((part) => {
        const data = allocate(this.#precision, pairs.length / 2);
        for (let i = 0; i < data.length; i++) data[i] = pairs[2 * i + part];
        return data;
      });
      this.#complex.set(dataId, parts);
    }
    const [real, imag] = parts.map((data) => this.captureValue({ shape, dtype: this.#precision, data }));
    return { kind: 'complex', real, imag };
  }

  /** The atom of a constant that isn't a tensor; the same for the same `data`, which stays as it is. */
  captureValue({ shape, dtype, data }: Value): Atom {
    return this.#once(data, shape, dtype, () => data);
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

  /** The atom of what is known by `id`, read when it is first captured. */
  #once(id: object, shape: Shape, dtype: Dtype, read: () => TypedArray): Atom {
    const key = `${dtype}:${shape.join(',')}`;
    let atoms = this.#captured.get(id);
    if (!atoms) {
      atoms = new Map();
      this.#captured.set(id, atoms);
    }
    let atom = atoms.get(key);
    if (!atom) {
      atom = this.#make({ shape: [...shape], dtype, data: read() }, key);
      atoms.set(key, atom);
    }
    return atom;
  }

  #read({ dataId, dtype, shape }: tf.TensorInfo, target: Dtype): TypedArray {
    const precise = target === 'float64' ? float64ValuesOf({ dataId, dtype, size: sizeOf(shape) }) : undefined;
    return converted(precise ?? this.#readSync(dataId), target);
  }

  #make({ shape, dtype, data }: Value, key: string): Atom {
    if (isUniform(data)) return this.#ops.literal(data[0] ?? 0, shape, dtype);
    if (data.byteLength > SHARED_BYTES) return this.#input({ shape, dtype, data });
    const content = `${key}:${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')}`;
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
