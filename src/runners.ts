/** Where a runtime's jobs run: on its pool of threads, or on this thread where a problem is too small for that. */

import { availableParallelism } from 'node:os';
import { engineThere } from './compile/hold-engine.ts';
import { loadArtifact } from './compile/load.ts';
import { DEVICE_NAMES, DEVICES, type DeviceName } from './device-traits.ts';
import { DiffopsError } from './errors.ts';
import { type Devices, type RuntimeSettings, runtimeOptionsOf } from './options.ts';
import type { Started } from './plan/memory.ts';
import type { Planned } from './plan/plan.ts';
import { workersFor } from './plan/workers.ts';
import type { Staff } from './planning.ts';
import { InProcess, type Runner } from './pool/in-process.ts';
import type { Share } from './pool/job.ts';
import { Pool, type PoolStats } from './pool/pool.ts';

/** A problem's plan for a device, and how many workers memory bears for it. */
interface Part {
  readonly device: DeviceName;
  readonly planned: Planned;
  readonly mostWorkers: number;
}

interface Parts {
  readonly parts: readonly Part[];
}

export class Runners {
  readonly devices: Devices;
  /** Threads of each worker's engine. */
  readonly #threads: number;
  readonly #asked: number | undefined;
  readonly #inProcess = new InProcess(loadArtifact);
  readonly #pool: Pool;
  #closing: Promise<void> | undefined;

  constructor({ devices = ['cpu'], workers, threadsPerWorker }: RuntimeSettings) {
    this.#asked = workers;
    this.devices = devices;
    this.#threads = threadsPerWorker ?? 1;
    const possible = devices === 'auto' ? DEVICE_NAMES : devices;
    const threads = new Map(possible.map((device) => [device, this.#threadsOn(device)] as const));
    const total = [...threads.values()].reduce((sum, count) => sum + count, 0);
    // No thread starts before the first job.
    this.#pool = new Pool({ workers: total, devices: threads });
  }

  /** Workers of a device of which that is known beforehand. */
  #fixedOn(device: DeviceName): number | undefined {
    const { contexts, unasked } = DEVICES[device];
    return contexts ?? (this.#asked === undefined ? unasked?.workers : undefined);
  }

  /** The others share the cores, or the number of workers that was asked for. */
  #threadsOn(device: DeviceName): number {
    const fixed = this.#fixedOn(device);
    if (fixed !== undefined) return fixed;
    const list = this.devices === 'auto' ? [device] : this.devices;
    const sharing = list.filter((name) => this.#fixedOn(name) === undefined).length;
    return Math.max(1, Math.floor((this.#asked ?? availableParallelism()) / sharing));
  }

  /** Worker threads that a problem gets here, by device; 0: none, it runs in-process. */
  workersFor({ parts }: Parts): number[] {
    return parts.map(({ device, planned, mostWorkers }) => {
      const { contexts } = DEVICES[device];
      if (contexts !== undefined) return contexts;
      const threads = this.#threadsOn(device);
      if (parts.length > 1) return Math.min(threads, mostWorkers);
      const workers = workersFor(planned, this.#asked, mostWorkers, threads);
      // The caller's own TensorFlow.js is not for diffops to switch between backends.
      return device === 'cpu' ? workers : Math.max(1, workers);
    });
  }

  /** What of a device there is already, and calls don't add. */
  readonly startedOn = (device: DeviceName): Started => ({ threads: this.#pool.threadsOn(device), ...engineThere() });

  /** With whom a problem runs, by device. */
  staffFor(problem: Parts): Staff[] {
    const workers = this.workersFor(problem);
    return problem.parts.map(({ device }, k) => ({ workers: workers[k], started: this.startedOn(device) }));
  }

  /** On which threads a problem's jobs run, and how many threads each session may use. */
  placesFor(problem: Parts): { readonly threads: number; readonly shares: readonly Share[] } {
    const workers = this.workersFor(problem);
    const shares = problem.parts.map(({ device }, k) => ({ device, workers: workers[k] }));
    return { threads: this.#threads, shares };
  }

  /** The place for a problem's jobs; jobs of one place run one after the other, in the order in which they came. */
  for(problem: Parts): Runner {
    this.requireOpen();
    return this.workersFor(problem).every((count) => count === 0) ? this.#inProcess : this.#pool;
  }

  /** The threads, whatever a problem is worth. */
  get pool(): Runner {
    this.requireOpen();
    return this.#pool;
  }

  /** Refuses options of a call that ask for another pool than this one. */
  requireSame(options: unknown): void {
    const given = typeof options === 'object' && options !== null ? options : {};
    const { devices, workers, threadsPerWorker } = runtimeOptionsOf(given as Record<string, unknown>);
    if (devices !== undefined && String(devices) !== String(this.devices)) {
      throw new DiffopsError(
        'OPTION',
        `device is '${devices}', but this runtime was made with '${this.devices}'; give it to createRuntime instead.`,
        { option: 'device', value: devices },
      );
    }
    const differs =
      workers !== undefined && workers !== this.#asked
        ? 'workers'
        : threadsPerWorker !== undefined && threadsPerWorker !== this.#threads
          ? 'threadsPerWorker'
          : undefined;
    if (differs === undefined) return;
    throw new DiffopsError(
      'OPTION',
      `${differs} is ${differs === 'workers' ? workers : threadsPerWorker}, but this runtime was made with ` +
        `${(differs === 'workers' ? this.#asked : this.#threads) ?? 'a number of its own choice'}; give it to createRuntime instead.`,
      { option: differs },
    );
  }

  /** Devices that are to be tried before they are trusted. */
  get tried(): readonly DeviceName[] {
    return this.devices === 'auto' ? [] : this.devices.filter((device) => device !== 'cpu');
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
