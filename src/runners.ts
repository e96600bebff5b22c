/** Where a runtime's jobs run: on its pool of threads, or on this thread where a problem is too small for that. */

import { availableParallelism } from 'node:os';
import { loadArtifact } from './compile/load.ts';
import { DEVICES, type DeviceName } from './device-traits.ts';
import { requireDevice } from './devices.ts';
import { DiffopsError } from './errors.ts';
import { type RuntimeSettings, runtimeOptionsOf } from './options.ts';
import type { Planned } from './plan/plan.ts';
import { workersFor } from './plan/workers.ts';
import { InProcess, type Runner } from './pool/in-process.ts';
import { Pool, type PoolStats } from './pool/pool.ts';
import type { RunStats } from './pool/run.ts';

/** A place on a device that is tried in a process of its own first, so that a broken driver takes no other down. */
class Probed implements Runner {
  readonly #runner: Runner;
  readonly #device: DeviceName;

  constructor(runner: Runner, device: DeviceName) {
    this.#runner = runner;
    this.#device = device;
  }

  async run(...job: Parameters<Runner['run']>): Promise<RunStats> {
    await requireDevice(this.#device);
    return this.#runner.run(...job);
  }

  close(): Promise<void> {
    return this.#runner.close();
  }
}

/** A plan, and how many workers memory bears for it. */
interface Bounded {
  readonly planned: Planned;
  readonly mostWorkers: number;
}

export class Runners {
  readonly device: DeviceName;
  /** Threads of each worker's engine. */
  readonly threads: number;
  readonly #asked: number | undefined;
  readonly #inProcess = new InProcess(loadArtifact);
  readonly #pool: Pool;
  #closing: Promise<void> | undefined;

  constructor({ device, workers, threadsPerWorker }: RuntimeSettings) {
    this.#asked = workers;
    this.device = device ?? 'cpu';
    this.threads = threadsPerWorker ?? 1;
    // No thread starts before the first job.
    this.#pool = new Pool({ workers: DEVICES[this.device].contexts ?? workers ?? availableParallelism() });
  }

  /** Worker threads that a problem gets here; 0: none, it runs in-process. */
  workersFor({ planned, mostWorkers }: Bounded): number {
    const { contexts } = DEVICES[this.device];
    if (contexts !== undefined) return contexts;
    const workers = workersFor(planned, this.#asked, mostWorkers, availableParallelism());
    // The caller's own TensorFlow.js is not for diffops to switch between backends.
    return this.device === 'cpu' ? workers : Math.max(1, workers);
  }

  /** The place for a problem's jobs; jobs of one place run one after the other, in the order in which they came. */
  for(problem: Bounded): Runner {
    this.requireOpen();
    if (this.workersFor(problem) === 0) return this.#inProcess;
    return this.device === 'cpu' ? this.#pool : new Probed(this.#pool, this.device);
  }

  /** Refuses options of a call that ask for another pool than this one. */
  requireSame(options: unknown): void {
    const given = typeof options === 'object' && options !== null ? options : {};
    const { device, workers, threadsPerWorker } = runtimeOptionsOf(given as Record<string, unknown>);
    if (device !== undefined && device !== this.device) {
      throw new DiffopsError(
        'OPTION',
        `device is '${device}', but this runtime was made with '${this.device}'; give it to createRuntime instead.`,
        { option: 'device', value: device },
      );
    }
    const differs =
      workers !== undefined && workers !== this.#asked
        ? 'workers'
        : threadsPerWorker !== undefined && threadsPerWorker !== this.threads
          ? 'threadsPerWorker'
          : undefined;
    if (differs === undefined) return;
    throw new DiffopsError(
      'OPTION',
      `${differs} is ${differs === 'workers' ? workers : threadsPerWorker}, but this runtime was made with ` +
        `${(differs === 'workers' ? this.#asked : this.threads) ?? 'a number of its own choice'}; give it to createRuntime instead.`,
      { option: differs },
    );
  }

  requireOpen(): void {
    if (!this.#closing) return;
    throw new DiffopsError('CLOSED', 'this runtime was closed; create another one with createRuntime().');
  }

  stats(): PoolStats {
    const pool = this.#pool.stats();
    const here = this.#inProcess.stats;
    return {
      ...pool,
      running: pool.running || here.running,
      queued: pool.queued + here.queued,
      runsDone: pool.runsDone + here.runsDone,
    };
  }

  /** What runs or waits rejects with CLOSED; resolves when no thread is left. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#inProcess.close(), this.#pool.close()]).then(() => {});
    return this.#closing;
  }
}
