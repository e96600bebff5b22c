/** First come, first served: one run at a time, but none waits for the slow consumer of another one's blocks. */

import { DiffopsError } from '../errors.ts';
import type { Run, RunStats } from './run.ts';

export class RunQueue {
  /** Works on a run until it is over or it yields. */
  readonly #stint: (run: Run) => Promise<void>;
  readonly #waiting: Run[] = [];
  /** Runs with tiles left, whose consumer must take blocks before they can go on. */
  readonly #parked = new Set<Run>();
  #current: Run | undefined;
  #idle: Promise<void> = Promise.resolve();
  #closed = false;
  #runsDone = 0;

  constructor(stint: (run: Run) => Promise<void>) {
    this.#stint = stint;
  }

  get stats(): { readonly running: boolean; readonly queued: number; readonly runsDone: number } {
    return {
      running: this.#current !== undefined,
      queued: this.#waiting.length + this.#parked.size,
      runsDone: this.#runsDone,
    };
  }

  submit(run: Run): Promise<RunStats> {
    if (this.#closed) run.fail(closed());
    run.onChange = () => this.#changed(run);
    if (run.over) this.#settle(run);
    else this.#enqueue(run);
    return run.promise;
  }

  /** Rejects what waits with CLOSED, stops what runs, and resolves when no thread is at work. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const run of [...this.#waiting, ...this.#parked]) run.fail(closed());
    this.#current?.fail(closed());
    await this.#idle;
  }

  #enqueue(run: Run): void {
    this.#waiting.push(run);
    if (this.#current) {
      this.#current.control.yield(true);
      this.#current.nudge();
    } else this.#idle = this.#work();
  }

  async #work(): Promise<void> {
    for (let run = this.#waiting.shift(); run; run = this.#waiting.shift()) {
      this.#current = run;
      run.control.yield(this.#waiting.length > 0);
      try {
        await this.#stint(run);
      } catch (error) {
        run.fail(error);
      }
      this.#current = undefined;
      if (run.over) this.#settle(run);
      else if (run.control.hasRoom) this.#waiting.push(run);
      else this.#parked.add(run);
    }
  }

  /** A run failed or its consumer took a block. */
  #changed(run: Run): void {
    if (run === this.#current) return;
    const at = this.#waiting.indexOf(run);
    if (at < 0 && !this.#parked.has(run)) return;
    if (run.over) {
      if (at >= 0) this.#waiting.splice(at, 1);
      this.#parked.delete(run);
      this.#settle(run);
    } else if (this.#parked.delete(run)) this.#enqueue(run);
  }

  #settle(run: Run): void {
    this.#runsDone++;
    run.settle();
  }
}

const closed = (): DiffopsError =>
  new DiffopsError('CLOSED', 'The pool is closed: no further run can be made on it. Create a new runtime.');
