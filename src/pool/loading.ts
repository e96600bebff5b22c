/** Counts the threads that are still loading their modules, native ones included; they must not be ended meanwhile. */

import type { Guarded } from './exit-guard.ts';
import { guard, unguard } from './exit-guard.ts';

/** What a worker is given with its start: the count of threads that have loaded. */
export interface WorkerData {
  readonly loaded: SharedArrayBuffer;
  /** Whether the engine is to be loaded with the thread, and not with the first program that needs it. */
  readonly engine: boolean;
}

/** A worker's side: says that this thread has loaded, as soon as the loader has nothing more to do. */
export const announceLoaded = (data: unknown): void => {
  const { loaded } = data as WorkerData;
  setImmediate(() => {
    const words = new Int32Array(loaded);
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
  });
};

export class Loading implements Guarded {
  readonly workerData: WorkerData;
  readonly #loaded: Int32Array;
  /** Threads started, less those that ended before they had loaded. */
  #expected = 0;
  #pending = 0;
  #waiting: (() => void)[] = [];

  constructor(engine: boolean) {
    this.workerData = { loaded: new SharedArrayBuffer(4), engine };
    this.#loaded = new Int32Array(this.workerData.loaded);
  }

  /** A thread was started. */
  started(): void {
    this.#expected++;
    if (this.#pending++ === 0) guard(this);
  }

  /** A thread has loaded, or ended before it had. */
  over(how: 'loaded' | 'ended'): void {
    if (how === 'ended') this.#expected--;
    if (--this.#pending > 0) return;
    unguard(this);
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }

  /** Resolves when no thread is loading. */
  settled(): Promise<void> {
    return this.#pending === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A thread that loads can't be told to stop. */
  stop(): void {}

  quiesce(deadline: number): void {
    for (;;) {
      const loaded = Atomics.load(this.#loaded, 0);
      const left = deadline - Date.now();
      if (loaded >= this.#expected || left <= 0) return;
      Atomics.wait(this.#loaded, 0, loaded, left);
    }
  }
}
