/** Where a kernel's loops stand: the extents and starts that it is given, and how far each step pattern has come. */

import type { Kernel, Node } from '../../fusion/kernel.ts';
import { bytesPerElement } from '../../ir/aval.ts';
import type { Code } from './code.ts';

/** Stands for the place that is stored to, beside the numbers of nodes. */
export const STORE = -1;

/** Places that move alike: by so many bytes (or counts) per step of each loop. */
interface Track {
  readonly steps: readonly number[];
  readonly offset: number;
  /** By loop, where the offset is kept while the loop runs. */
  readonly saved: Map<number, number>;
}

const I32_ADD = 0x6a;

export class Cursors {
  readonly #code: Code;
  readonly #extents: readonly number[];
  readonly #starts = new Map<number, number>();
  readonly #tracks = new Map<string, Track>();
  readonly #trackOf = new Map<number, Track>();

  /** The function's one parameter is the address of its arguments: extents, then starts, the stored place's first. */
  constructor(code: Code, kernel: Kernel, dtype: Node['dtype']) {
    this.#code = code;
    let at = 0;
    const argument = (): number => {
      const local = code.local('i32');
      code.get(0);
      code.memory(0x28, at);
      code.set(local);
      at += 4;
      return local;
    };
    this.#extents = Array.from({ length: kernel.loops }, argument);
    const place = (which: number, steps: readonly number[], unit: number): void => {
      this.#starts.set(which, argument());
      this.#assign(
        which,
        steps.map((step) => step * unit),
      );
    };
    place(STORE, kernel.steps, bytesPerElement(dtype));
    for (const [k, node] of kernel.nodes.entries()) {
      if ('steps' in node) place(k, node.steps, node.kind === 'count' ? 1 : bytesPerElement(node.dtype));
    }
  }

  #assign(which: number, steps: readonly number[]): void {
    if (steps.every((step) => step === 0)) return;
    const key = steps.join();
    let track = this.#tracks.get(key);
    if (!track) {
      track = { steps, offset: this.#code.local('i32'), saved: new Map() };
      this.#tracks.set(key, track);
    }
    this.#trackOf.set(which, track);
  }

  extent(loop: number): number {
    return this.#extents[loop];
  }

  /** Pushes a place as it stands, and `more` bytes (or counts) further on. */
  push(which: number, more = 0): void {
    const code = this.#code;
    code.get(this.#starts.get(which) as number);
    const track = this.#trackOf.get(which);
    if (track) {
      code.get(track.offset);
      code.op(I32_ADD);
    }
    if (more !== 0) {
      code.i32(more);
      code.op(I32_ADD);
    }
  }

  /** A loop has gone on by `times`. */
  advance(loop: number, times = 1): void {
    for (const { steps, offset } of this.#tracks.values()) {
      if (!steps[loop]) continue;
      this.#code.get(offset);
      this.#code.i32(steps[loop] * times);
      this.#code.op(I32_ADD);
      this.#code.set(offset);
    }
  }

  /** Runs what goes through a loop, and brings all places back to where they were. */
  through(loop: number, body: () => void): void {
    const moved = [...this.#tracks.values()].filter(({ steps }) => steps[loop]);
    for (const { saved, offset } of moved) {
      if (!saved.has(loop)) saved.set(loop, this.#code.local('i32'));
      this.#code.get(offset);
      this.#code.set(saved.get(loop) as number);
    }
    body();
    for (const { saved, offset } of moved) {
      this.#code.get(saved.get(loop) as number);
      this.#code.set(offset);
    }
  }
}
