/** What can run here: devices other than the CPU are tried in a process of their own before any thread trusts them. */

import { spawn } from 'node:child_process';
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
  Promise.all(
    DEVICE_NAMES.map(async (name) => {
      const reason = await whyNot(name);
      return { name, available: reason === undefined, reason, detail: DEVICES[name].detail };
    }),
  );

/**
 * Refuses devices that can't be had, with what they said; each is tried in a process of its own before any thread trusts it.
 * To be called before `f` is, wherever a call may wait.
 */
export const requireDevices = async (devices: readonly DeviceName[], signal?: AbortSignal): Promise<void> => {
  const trying = Promise.all(devices.map(requireDevice));
  if (!signal) return void (await trying);
  let deafen = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    deafen = onAbort(signal, () => reject(signal.reason));
  });
  await Promise.race([trying, aborted]).finally(() => deafen());
};

const requireDevice = async (device: DeviceName): Promise<void> => {
  const reason = await whyNot(device);
  if (reason === undefined) return;
  throw new DiffopsError(
    'DEVICE',
    `${device} can't be used here: ${reason}. It needs ${DEVICES[device].needs}; ` +
      "devices() lists what there is, and device: 'cpu' runs anywhere.",
    { device, reason },
  );
};

/** A driver that hasn't answered by then never will, unless the machine had no time for it. */
const PATIENCE = 60_000;

interface Answer {
  readonly reason?: string;
  /** Nothing was said in time: who asks again may hear more. */
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
  (await whyNot(device)) === undefined ? (await ask(device, 'measure')).perSecond : undefined;

/** Has a process of its own compute a little on the device, whatever becomes of it. */
const probe = (device: string, task: string): Promise<Answer> =>
  new Promise((resolve) => {
    const file = fileURLToPath(workerFile('probe-device'));
    const child = spawn(process.execPath, [file, device, task], { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
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
    );
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) end(JSON.parse(said.slice(0, said.indexOf('\n'))) as Answer);
    });
    child.on('error', ({ message }) => end({ reason: message }));
    child.on('close', (code, signal) =>
      end({ reason: `its driver ended a process that tried it (${signal ?? `code ${code}`})` }),
    );
  });
