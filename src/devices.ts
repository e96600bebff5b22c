/** What can run here: devices other than the CPU are tried in a process of their own before any thread trusts them. */

import { type StdioOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DEVICE_NAMES, DEVICES, type DeviceName } from './device-traits.ts';
import { DiffopsError } from './errors.ts';
import { onAbort } from './pool/abort.ts';
import { workerFile } from './worker-file.ts';

export interface Device {
  readonly name: string;
  readonly available: boolean;
  /** Why it can't be used, where it can't. */
  readonly reason: string | undefined;
  readonly detail: string;
}

/** What can run here. */
export const devices = (): Promise<Device[]> =>
  waitingFor(
    Promise.all(
      DEVICE_NAMES.map(async (name) => {
        const reason = await whyNot(name);
        return { name, available: reason === undefined, reason, detail: DEVICES[name].detail };
      }),
    ),
  );

/** Keeps the process alive for as long as someone waits: processes that try devices don't. */
const waitingFor = async <T>(answer: Promise<T>): Promise<T> => {
  const alive = setInterval(() => {}, PATIENCE);
  return answer.finally(() => clearInterval(alive));
};

/**
 * Refuses devices that can't be had, with what they said; each is tried in a process of its own before any thread trusts it.
 * To be called before `f` is, wherever a call may wait.
 */
export const requireDevices = async (devices: readonly DeviceName[], signal?: AbortSignal): Promise<void> => {
  const trying = Promise.all(devices.map(requireDevice));
  if (!signal) return void (await waitingFor(trying));
  let deafen = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    deafen = onAbort(signal, () => reject(signal.reason));
  });
  await waitingFor(Promise.race([trying, aborted])).finally(() => deafen());
};

const requireDevice = async (device: DeviceName): Promise<void> => {
  const reason = await whyNot(device);
  if (reason === undefined) return;
  throw new DiffopsError(
    'DEVICE',
    `${device} can't be used here: ${reason.replace(/\.$/, '')}. It needs ${DEVICES[device].needs}; ` +
      "devices() lists what there is, and device: 'cpu' runs anywhere.",
    { device, reason },
  );
};

/** What ends a process for no fault of its own. */
const FROM_OUTSIDE: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

/** A driver that hasn't answered by then never will, unless the machine had no time for it. */
const PATIENCE = 60_000;

interface Answer {
  readonly reason?: string;
  /** Nothing was said, or not in time: who asks again may hear more. */
  readonly silent?: boolean;
  readonly perSecond?: number;
}

const answers = new Map<string, Promise<Answer>>();

/** Asked once per process, or until there is an answer. */
const ask = (device: DeviceName, task: 'try' | 'measure'): Promise<Answer> => {
  const key = `${task} ${device}`;
  const answer = answers.get(key) ?? probe(device, task);
  answers.set(key, answer);
  void answer.then(({ silent }) => silent && answers.delete(key));
  return answer;
};

/** Why a device can't be used; undefined: it can. */
const whyNot = async (device: DeviceName): Promise<string | undefined> =>
  device === 'cpu' ? undefined : (await ask(device, 'try')).reason;

/** Floating-point operations per second of a product of matrices on one of a device's workers; undefined: it can't be had. */
export const speedOf = async (device: DeviceName): Promise<number | undefined> =>
  (await waitingFor(whyNot(device))) === undefined ? (await waitingFor(ask(device, 'measure'))).perSecond : undefined;

/** Has a process of its own compute a little on the device, whatever becomes of it. */
const probe = (device: string, task: string): Promise<Answer> =>
  new Promise((resolve) => {
    const file = fileURLToPath(workerFile('probe-device'));
    // What a driver prints is not its answer.
    const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', 'ipc'];
    // In a session of its own: whether Ctrl-C ends anything is for the caller's process to say.
    const child = spawn(process.execPath, [file, device, task], { stdio, detached: true, windowsHide: true });
    child.unref();
    child.channel?.unref();
    // A process that has a driver loaded may not end by itself.
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    process.once('exit', kill);
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      process.off('exit', kill);
      resolve(answer);
      kill();
    };
    const timer = setTimeout(
      () =>
        end({
          reason: `it didn't answer within ${PATIENCE / 1000} s, and is asked again by the next call`,
          silent: true,
        }),
      PATIENCE,
    ).unref();
    child.on('message', (answer) => end(answer as Answer));
    child.on('error', ({ message }) => end({ reason: message }));
    child.on('exit', (code, signal) =>
      end(
        signal !== null && FROM_OUTSIDE.has(signal)
          ? { reason: `a process that tried it was ended (${signal}), and the next call tries again`, silent: true }
          : { reason: `its driver ended a process that tried it (${signal ?? `code ${code}`})` },
      ),
    );
  });
