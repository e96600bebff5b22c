/** A thread's memory for the outputs of one tile, within reach of the kernels that stitch them. */

import { MOST_BYTES, PAGE_BYTES } from '../fusion/web-assembly.ts';
import { type Aval, type FloatDtype, sizeOf, type TypedArray, type Value } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import { newKernels } from './kernels.ts';
import type { Kernels, KernelsOverMemory } from './linear-memory.ts';

export type FloatArray = Float32Array | Float64Array;

/** An array in a TileMemory. */
export interface Placed {
  readonly array: FloatArray | Int32Array;
  readonly address: number;
}

/** Room in front of the outputs, for lines that are being turned: it stays in a core's own cache. */
export const LINES_BYTES = 1 << 17;
/** Lengths for which lines are kept: tiles of one run have a few widths. */
const MOST_LENGTHS = 8;
/** The arrays that tiles consist of: numbers of the matrix, and places. */
const CONSTRUCTORS = { float32: Float32Array, float64: Float64Array, int32: Int32Array };
/** Outputs start at multiples of a cache line. */
const ALIGNMENT = 64;

const bytesOf = ({ shape, dtype }: Aval): number => {
  const bytes = sizeOf(shape) * (dtype === 'float64' ? 8 : 4);
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
};

export class TileMemory {
  #own: KernelsOverMemory | undefined;
  #buffer = new ArrayBuffer(0);
  /** What was placed last, by the avals that it was placed for; void when the memory has grown. */
  #places = new WeakMap<readonly Aval[], readonly Placed[]>();
  /** Arrays over the room for lines, by dtype and length. */
  readonly #lines = new Map<string, FloatArray[]>();
  #floats: { readonly dtype: FloatDtype; readonly all: FloatArray } | undefined;

  get kernels(): Kernels {
    return this.#made.kernels;
  }

  /** Made when it is first needed: it takes address space. */
  get #made(): KernelsOverMemory {
    this.#own ??= newKernels();
    return this.#own;
  }

  /** Arrays for outputs to be computed into; they hold until others are asked for. */
  arraysFor(outputs: readonly Aval[]): TypedArray[] {
    return this.#placesFor(outputs).map(({ array }) => array);
  }

  /** The values in this memory: where they are if they were computed into it, else copied. */
  place(values: readonly Value[]): readonly Placed[] {
    if (values.every(({ data }) => data.buffer === this.#buffer)) {
      return values.map(({ data }) => ({ array: data as Placed['array'], address: data.byteOffset }));
    }
    const places = this.#placesFor(values);
    for (const [k, { data }] of values.entries()) places[k].array.set(data);
    return places;
  }

  /** All of this memory. */
  floats(dtype: FloatDtype): FloatArray {
    if (this.#floats?.dtype !== dtype) {
      const Data = dtype === 'float32' ? Float32Array : Float64Array;
      this.#floats = {
        dtype,
        all: new Data(this.#buffer, 0, Math.floor(this.#buffer.byteLength / Data.BYTES_PER_ELEMENT)),
      };
    }
    return this.#floats.all;
  }

  /** The room for lines as consecutive arrays of `length` elements each, as many as fit. */
  lines(dtype: FloatDtype, length: number): FloatArray[] {
    const key = `${dtype} ${length}`;
    const known = this.#lines.get(key);
    if (known) return known;
    const Data = dtype === 'float32' ? Float32Array : Float64Array;
    const bytes = length * Data.BYTES_PER_ELEMENT;
    const made = Array.from(
      { length: Math.floor(LINES_BYTES / bytes) },
      (_, k) => new Data(this.#buffer, k * bytes, length),
    );
    if (this.#lines.size === MOST_LENGTHS) this.#lines.clear();
    this.#lines.set(key, made);
    return made;
  }

  #placesFor(outputs: readonly Aval[]): readonly Placed[] {
    const known = this.#places.get(outputs);
    if (known) return known;
    this.#reserve(outputs.reduce((sum, aval) => sum + bytesOf(aval), LINES_BYTES));
    let address = LINES_BYTES;
    const places = outputs.map((aval): Placed => {
      const Data = CONSTRUCTORS[aval.dtype as keyof typeof CONSTRUCTORS];
      const placed = { array: new Data(this.#buffer, address, sizeOf(aval.shape)), address };
      address += bytesOf(aval);
      return placed;
    });
    this.#places.set(outputs, places);
    return places;
  }

  #reserve(bytes: number): void {
    const missing = bytes - this.#buffer.byteLength;
    if (missing <= 0) return;
    if (bytes > MOST_BYTES) throw malformed(`A tile's outputs need ${bytes} bytes; ${MOST_BYTES} can be addressed.`);
    const { memory } = this.#made;
    memory.grow(Math.ceil(Math.max(0, bytes - memory.buffer.byteLength) / PAGE_BYTES));
    // Growing has detached every array over the old buffer.
    this.#buffer = memory.buffer;
    this.#places = new WeakMap();
    this.#lines.clear();
    this.#floats = undefined;
  }
}
