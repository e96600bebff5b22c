/** Where a fused program's own arrays lie in memory: where there is room at their time. */

import { bytesPerElement } from '../ir/aval.ts';
import type { Fused } from './kernel.ts';

/** Arrays start at multiples of a cache line. */
const ALIGNMENT = 64;

export interface Layout {
  /** Of each buffer that is neither an input nor a constant nor an output. */
  readonly offsets: readonly number[];
  readonly scratchBytes: number;
}

/** Free stretches of memory, sorted by where they are; beyond `end` all is free. */
class Room {
  readonly #holes: { at: number; bytes: number }[] = [];
  end = 0;

  take(bytes: number): number {
    const k = this.#holes.findIndex((hole) => hole.bytes >= bytes);
    if (k < 0) {
      // The last stretch may reach to the end.
      const last = this.#holes.at(-1);
      const at = last && last.at + last.bytes === this.end ? last.at : this.end;
      if (at < this.end) this.#holes.pop();
      this.end = at + bytes;
      return at;
    }
    const hole = this.#holes[k];
    const { at } = hole;
    hole.at += bytes;
    hole.bytes -= bytes;
    if (hole.bytes === 0) this.#holes.splice(k, 1);
    return at;
  }

  give(at: number, bytes: number): void {
    let k = this.#holes.findIndex((hole) => hole.at > at);
    if (k < 0) k = this.#holes.length;
    const before = this.#holes[k - 1];
    const after = this.#holes[k];
    const joinsBefore = before !== undefined && before.at + before.bytes === at;
    const joinsAfter = after !== undefined && at + bytes === after.at;
    if (joinsBefore) before.bytes += bytes + (joinsAfter ? after.bytes : 0);
    else if (joinsAfter) {
      after.at = at;
      after.bytes += bytes;
    } else this.#holes.splice(k, 0, { at, bytes });
    if (joinsBefore && joinsAfter) this.#holes.splice(k, 1);
  }
}

export const layoutOf = ({ buffers, constants, calls, outputs }: Fused, inputs: number): Layout => {
  const given = inputs + constants.length;
  const bytesOf = (k: number): number => {
    const { dtype, size } = buffers[k];
    return Math.ceil((size * bytesPerElement(dtype)) / ALIGNMENT) * ALIGNMENT;
  };
  const offsets = new Array<number>(buffers.length).fill(0);
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (const [i, { target, sources }] of calls.entries()) {
    if (!first.has(target)) first.set(target, i);
    last.set(target, i);
    for (const buffer of sources) last.set(buffer, i);
  }
  const kept = new Set(outputs);
  const isOwn = (buffer: number): boolean => buffer >= given && !kept.has(buffer);
  const dying: number[][] = calls.map(() => []);
  for (const [buffer, i] of last) if (isOwn(buffer)) dying[i].push(buffer);
  const room = new Room();
  for (const [i, { target }] of calls.entries()) {
    if (first.get(target) === i && isOwn(target)) offsets[target] = room.take(bytesOf(target));
    for (const buffer of dying[i]) room.give(offsets[buffer], bytesOf(buffer));
  }
  return { offsets, scratchBytes: room.end };
};
