/** The memory that holds a whole matrix, with room behind it where threads stage what machine code writes into it. */

import { MOST_BYTES, PAGE_BYTES, type SharedMemory } from '../fusion/web-assembly.ts';
import type { FloatDtype } from '../ir/aval.ts';
import type { Group } from '../pool/job.ts';
import { kernelsOver, newSharedMemory } from './kernels.ts';
import type { Kernels } from './linear-memory.ts';
import type { FloatArray } from './tile-memory.ts';

/** As it goes to threads. */
export interface ResultMemory {
  /** The matrix's bytes come first. */
  readonly buffer: SharedArrayBuffer;
  /** Around the buffer, for machine code; null: an ordinary buffer. */
  readonly memory: SharedMemory | null;
  /** Where the rooms of the slots begin, in order, and how many there are. */
  readonly rooms: number;
  readonly slots: number;
  /** Bytes of results, this one among them, that may be there before V8 is told of more. */
  readonly pile: number;
}

/** A slot's room: of it and the lines of a matrix that it goes to, most fits in a core's own cache. */
export const ROOM_BYTES = 1 << 17;
/** Below, a memory of its own, which reserves gigabytes of addresses, isn't worth its while. */
const SMALL = 1 << 20;
const ALIGNMENT = 64;

/** Each failure is preceded by several collections of garbage: addresses that can't be had aren't asked for again. */
let refused = false;

/** Whether a group's tiles go to the matrix otherwise than row by row, or entry by entry where they are bands. */
export const goesAcross = ({ placement, outputs }: Pick<Group, 'placement' | 'outputs'>): boolean =>
  outputs.some(({ placed, batch }) => !placed && (placement !== 'row' || batch !== 'leading'));

/** The most that a pile may have, however much memory there is. */
const PILE = 2 ** 30;
let piled = 0;
const gone = new FinalizationRegistry((bytes: number) => {
  piled -= bytes;
});
/** By result: once they pile up, a buffer of its size that nobody touches, so that it takes no memory. */
const counted = new WeakMap<SharedArrayBuffer, ArrayBuffer | undefined>();

/**
 * Has V8 collect garbage when results pile up: it doesn't count memory that threads share, so it would see no reason to.
 * Each thread that gets a result says so for itself. Small piles it isn't told of: it would collect in all threads for
 * each result of 64 MiB, a fifth of the time that `mlp`'s takes.
 */
export const countResult = ({ buffer, pile }: ResultMemory): void => {
  if (counted.has(buffer) || buffer.byteLength < SMALL) return;
  piled += buffer.byteLength;
  gone.register(buffer, buffer.byteLength);
  let weight: ArrayBuffer | undefined;
  try {
    if (piled > pile) weight = new ArrayBuffer(buffer.byteLength);
  } catch {
    // Addresses are short; then so much garbage can't pile up.
  }
  counted.set(buffer, weight);
};

/**
 * Zeroed memory for a matrix, with rooms for as many threads as there are slots: whole rows need none. Throws where it
 * can't be had at all. `pile`: bytes of results that there is room for, this one among them.
 */
export const newResultMemory = (bytes: number, slots: number, pile = PILE): ResultMemory => {
  const result = { ...memoryOf(bytes, slots), pile: Math.min(pile, PILE) };
  countResult(result);
  return result;
};

const memoryOf = (bytes: number, slots: number): Omit<ResultMemory, 'pile'> => {
  const rooms = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  const whole = rooms + slots * ROOM_BYTES;
  if (slots > 0 && bytes >= SMALL && whole <= MOST_BYTES && !refused) {
    try {
      const memory = newSharedMemory(Math.ceil(whole / PAGE_BYTES));
      return { buffer: memory.buffer, memory, rooms, slots };
    } catch {
      refused = true;
    }
  }
  return { buffer: new SharedArrayBuffer(bytes), memory: null, rooms, slots: 0 };
};

/** A thread's room beside a matrix, and the kernels over both. */
export class Stage {
  /** Of the room, in bytes. */
  readonly address: number;
  readonly room: FloatArray;
  readonly #memory: SharedMemory;
  #kernels: Kernels | undefined;

  constructor(memory: SharedMemory, address: number, dtype: FloatDtype) {
    this.#memory = memory;
    this.address = address;
    this.room =
      dtype === 'float32'
        ? new Float32Array(memory.buffer, address, ROOM_BYTES / 4)
        : new Float64Array(memory.buffer, address, ROOM_BYTES / 8);
  }

  get kernels(): Kernels {
    this.#kernels ??= kernelsOver(this.#memory);
    return this.#kernels;
  }
}

/** The stage of a slot, if the result has one for it. */
export const stageOf = ({ memory, rooms, slots }: ResultMemory, slot: number, dtype: FloatDtype): Stage | undefined =>
  memory && slot < slots ? new Stage(memory, rooms + slot * ROOM_BYTES, dtype) : undefined;
