/** The memory that holds a whole matrix, with room behind it where threads stage what machine code writes into it. */

import { collectGarbage } from '../collect-garbage.ts';
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
  /** How many times garbage had been collected for results when it was made. */
  readonly round: number;
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

/** Results may take so much before garbage is collected, however much memory there is. */
const MOST_UNCOLLECTED = 2 ** 30;
/** Bytes of results since garbage was last collected for them, and how many times it was. */
let uncollected = 0;
let rounds = 0;
/** The last round in which this thread collected garbage for the one that makes the results. */
let followed = 0;

/** V8 doesn't see memory that threads share and would let results pile up that nobody holds any more. */
const isFull = (bytes: number, room: number): boolean =>
  uncollected > 0 && uncollected + bytes > Math.min(room, MOST_UNCOLLECTED);

const collectResults = (): void => {
  collectGarbage();
  uncollected = 0;
  rounds++;
};

/** To be awaited before `newResultMemory`: a caller that drops one result as it asks for the next holds it until then. */
export const makeRoom = async (bytes: number, room: number): Promise<void> => {
  if (!isFull(bytes, room)) return;
  await new Promise((resolve) => setImmediate(resolve));
  collectResults();
};

/**
 * Zeroed memory for a matrix, with rooms for as many threads as there are slots: whole rows need none. Throws where it
 * can't be had at all. `room`: bytes that results may take together, this one among them.
 */
export const newResultMemory = (bytes: number, slots: number, room = MOST_UNCOLLECTED): ResultMemory => {
  if (isFull(bytes, room)) collectResults();
  uncollected += bytes;
  return { ...memoryOf(bytes, slots), round: rounds };
};

/** A thread that was given results lets go of those that were collected where they were made: it holds them, too. */
export const followCollection = ({ round }: ResultMemory): void => {
  if (round <= followed) return;
  followed = round;
  collectGarbage();
};

const memoryOf = (bytes: number, slots: number): Omit<ResultMemory, 'round'> => {
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
