/** Piscina as diffops uses it: threads that start on first use, stay warm, and hold no process alive. */

import type { ResourceLimits, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { Loading } from './loading.ts';
import type { Task, TaskResult } from './protocol.ts';

export interface ThreadsOptions {
  readonly workers: number;
  /** The module whose default export piscina calls with a Task. */
  readonly file: URL;
  /** Whether threads load the engine as they start. */
  readonly engine: boolean;
  readonly resourceLimits?: ResourceLimits | undefined;
}

/** A thread makes a little garbage with each tile, and nothing else: left to itself, V8 gives it 48 MiB to make it in. */
const YOUNG_MB = 3;

/** A task that was handed in. */
export interface Ticket {
  /** Rejects when the task's thread dies; undefined when it was cancelled. */
  readonly result: Promise<TaskResult | undefined>;
  /**
   * Stops waiting for a thread; without effect once one has taken the task. Piscina keeps the task queued, and the
   * thread that gets it finds that the offer was taken back.
   */
  cancel(): void;
}

interface Waiting {
  /** Takes the task's offer back; false when a thread has accepted it. */
  takeBack(): boolean;
  resolve(nothing: undefined): void;
  reject(reason: unknown): void;
}

export class Threads {
  readonly #piscina: Piscina;
  /** Tasks that aren't done, in order. */
  readonly #waiting = new Set<Waiting>();
  readonly #watched = new WeakSet<Worker>();
  readonly #ready = new Set<number>();
  readonly #loading: Loading;

  constructor(options: ThreadsOptions) {
    this.#loading = new Loading(options.engine);
    this.#piscina = new Piscina({
      filename: options.file.href,
      workerData: this.#loading.workerData,
      minThreads: 0,
      maxThreads: options.workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      // With atomics, idle workers would sleep where no message of comlink's reaches them.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, ...options.resourceLimits },
      // `node --input-type=module -e …` hands its flag down to threads, which then refuse to run a file.
      ...(process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {}),
    });
    this.#piscina.on('workerCreate', ({ id }: { readonly id: number }) => {
      // Piscina may have started it for a task of earlier.
      this.#watch();
      this.#ready.add(id);
      this.#loading.over('loaded');
    });
    // What a thread died of is heard from the thread itself; unheard, this event would end the process.
    this.#piscina.on('error', () => {});
  }

  /** The ids of the threads that are there. */
  get ids(): number[] {
    return this.#piscina.threads.map((worker) => worker.threadId);
  }

  submit(task: Task, takeBack: () => boolean): Ticket {
    let waiting!: Waiting;
    const result = new Promise<TaskResult | undefined>((resolve, reject) => {
      waiting = { resolve, reject, takeBack };
      this.#waiting.add(waiting);
      this.#piscina
        .run(task, { transferList: [task.port] })
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(waiting));
    });
    this.#watch();
    return {
      result,
      cancel: () => {
        if (takeBack()) waiting.resolve(undefined);
      },
    };
  }

  /** Ends all threads; to be called when none is at work. */
  async close(): Promise<void> {
    await this.#loading.settled();
    await this.#piscina.destroy();
  }

  /** Piscina forgets the tasks meant for a thread that ends while it starts; so one of them is told here. */
  #watch(): void {
    for (const worker of this.#piscina.threads) {
      if (this.#watched.has(worker)) continue;
      this.#watched.add(worker);
      this.#loading.started();
      const id = worker.threadId;
      let thrown: unknown;
      worker.once('error', (error) => {
        thrown = error;
      });
      worker.once('exit', (code) => {
        const reason = thrown ?? new Error(`a thread ended with code ${code} while it started`);
        if (this.#ready.delete(id)) return;
        this.#loading.over('ended');
        for (const waiting of this.#waiting) {
          if (!waiting.takeBack()) continue;
          waiting.reject(reason);
          return;
        }
      });
    }
  }
}
