/** A thread's process that has a device's context: whatever becomes of driver or context, that process alone ends. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AFTER_A_LOSS, type EngineName } from '../../device-traits.ts';
import { DiffopsError } from '../../errors.ts';
import type { Value } from '../../ir/aval.ts';
import { workerFile } from '../../worker-file.ts';
import type { Answer, Request } from './messages.ts';

interface Waiting {
  resolve(values: readonly Value[]): void;
  reject(error: DiffopsError): void;
}

export class DeviceProcess {
  readonly #device: EngineName;
  readonly #child: ChildProcess;
  /** Whose requests are not answered, in order. */
  readonly #waiting: Waiting[] = [];
  #executables = 0;
  #over = false;

  constructor(device: EngineName) {
    this.#device = device;
    this.#child = spawn(process.execPath, [fileURLToPath(workerFile('device-process'))], {
      // What a driver prints is not to be taken for the caller's own output.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      // In a session of its own: whether Ctrl-C ends anything is for the caller's process to say.
      detached: true,
      windowsHide: true,
    });
    this.#child.on('message', (answer) => this.#answered(answer as Answer));
    this.#child.on('error', ({ message }) => this.#end(message));
    this.#child.on('exit', (code, signal) => this.#end(`its process ended (${signal ?? `code ${code}`})`));
    this.#hold(false);
  }

  /** Whether it has ended, or is about to. */
  get over(): boolean {
    return this.#over;
  }

  nextExecutable(): number {
    return this.#executables++;
  }

  /** Rejects with DEVICE when the process ends before it has answered. */
  ask(request: Request): Promise<readonly Value[]> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#ended('its process ended'));
      if (this.#waiting.push({ resolve, reject }) === 1) this.#hold(true);
      this.#child.send(request, (error) => error && this.#end(error.message));
    });
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#hold(false);
    if (!('error' in answer)) {
      waiting?.resolve(answer.values ?? []);
      return;
    }
    waiting?.reject(DiffopsError.deserialize(answer.error));
    // A context that failed once is not trusted again.
    this.#end('it had failed');
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#child.kill('SIGKILL');
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended(why));
    this.#hold(false);
  }

  #ended(why: string): DiffopsError {
    return new DiffopsError('DEVICE', `${this.#device} failed: ${why}. ${AFTER_A_LOSS}`, { device: this.#device });
  }

  /** While it isn't asked for anything, it holds no thread alive. */
  #hold(on: boolean): void {
    const { channel } = this.#child;
    if (on) {
      this.#child.ref();
      channel?.ref();
    } else {
      this.#child.unref();
      channel?.unref();
    }
  }
}
