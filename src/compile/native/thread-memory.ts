/** The memory in which a thread's native programs run: a part of its own for each one's inputs, one that all share. */

import { DiffopsError } from '../../errors.ts';
import { MOST_BYTES, MOST_PAGES, PAGE_BYTES, type SharedMemory, WebAssembly } from '../../fusion/web-assembly.ts';
import { type Aval, type Dtype, sizeOf, type TypedArray } from '../../ir/aval.ts';

/** A part that is held until it is given back. */
export interface Part {
  readonly at: number;
  readonly bytes: number;
}

/** Code may read a vector where only an element is. */
const MARGIN = 64;

const ALIGNMENT = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Shared, so that arrays over it hold when it grows; it reserves some gigabytes of addresses, whatever its size. */
const newMemory = (): SharedMemory => {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  } catch (cause) {
    throw new DiffopsError(
      'MEMORY_LIMIT',
      'a thread could not reserve the addresses for a WebAssembly memory, some 10 GiB. ' +
        'Raise the limit on virtual memory (ulimit -v), or use fewer workers.',
      {},
      { cause },
    );
  }
};

export class ThreadMemory {
  readonly memory: SharedMemory = newMemory();
  readonly #free: { at: number; bytes: number }[] = [];
  #end = ALIGNMENT;
  #scratch: Part = { at: 0, bytes: 0 };

  /** The part in which a run computes; what is in it holds until the next run of any program. */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      this.give(this.#scratch);
      // There is none, if the memory can't have it.
      this.#scratch = { at: 0, bytes: 0 };
      this.#scratch = this.take(bytes);
    }
    return this.#scratch.at;
  }

  take(asked: number): Part {
    const bytes = aligned(asked);
    if (bytes === 0) return { at: 0, bytes: 0 };
    const k = this.#free.findIndex((part) => part.bytes >= bytes);
    if (k >= 0) {
      const { at } = this.#free[k];
      if (this.#free[k].bytes === bytes) this.#free.splice(k, 1);
      else this.#free[k] = { at: at + bytes, bytes: this.#free[k].bytes - bytes };
      return { at, bytes };
    }
    const at = this.#end;
    this.#reach(at + bytes + MARGIN);
    this.#end = at + bytes;
    return { at, bytes };
  }

  give(part: Part): void {
    if (part.bytes === 0) return;
    this.#free.push({ ...part });
    this.#free.sort((a, b) => a.at - b.at);
    for (let k = this.#free.length - 1; k > 0; k--) {
      const [before, after] = [this.#free[k - 1], this.#free[k]];
      if (before.at + before.bytes !== after.at) continue;
      before.bytes += after.bytes;
      this.#free.splice(k, 1);
    }
    const last = this.#free.at(-1);
    if (last && last.at + last.bytes === this.#end) {
      this.#end = last.at;
      this.#free.pop();
    }
  }

  #reach(end: number): void {
    const missing = end - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    const refusal = (cause?: unknown): DiffopsError =>
      new DiffopsError(
        'MEMORY_LIMIT',
        `a program's values need ${end} bytes in one thread, which can't be had. Use a smaller tile (a larger nbatches).`,
        { bytes: end },
        { cause },
      );
    if (end > MOST_BYTES) throw refusal();
    try {
      // By a quarter at least: each time takes a while.
      const ahead = Math.min(this.memory.buffer.byteLength >> 2, MOST_BYTES - this.memory.buffer.byteLength);
      this.memory.grow(Math.ceil(Math.max(missing, ahead) / PAGE_BYTES));
    } catch (cause) {
      throw refusal(cause);
    }
  }
}

/** Where arrays are that lie in a thread's memory. */
const places = new WeakMap<TypedArray, number>();

type Over = new (buffer: SharedArrayBuffer, at: number, length: number) => TypedArray;

const ARRAYS: Readonly<Record<Dtype, Over>> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  bool: Uint8Array,
};

/** An array over a part of a thread's memory, which programs find there. */
export const arrayAt = ({ memory }: ThreadMemory, at: number, { dtype, shape }: Aval): TypedArray => {
  const array = new ARRAYS[dtype](memory.buffer, at, sizeOf(shape));
  places.set(array, at);
  return array;
};

/** Its address, if an array lies in this thread's memory. */
export const addressOf = (array: TypedArray): number | undefined => places.get(array);

let own: ThreadMemory | undefined;

/** This thread's memory, made when it is first needed: it takes address space. */
export const threadMemory = (): ThreadMemory => {
  own ??= new ThreadMemory();
  return own;
};
