/** Threads that all pools of the process share: of devices that bear one context in it. The last pool to let go ends them. */

import { Threads, type ThreadsOptions } from './threads.ts';

interface Common {
  readonly threads: Threads;
  holders: number;
}

const held = new Map<string, Common>();
/** Those that are ending: a context that is made meanwhile would be a second one. */
const ending = new Map<string, Promise<void>>();

/** To be called once by a pool that begins to use a device's threads. */
export const holdThreads = async (device: string, options: ThreadsOptions): Promise<Threads> => {
  while (ending.has(device)) await ending.get(device);
  const common = held.get(device) ?? { threads: new Threads(options), holders: 0 };
  held.set(device, common);
  common.holders++;
  return common.threads;
};

/** To be called once by a pool that held them, when none of its tasks is at work. */
export const letGoOfThreads = async (device: string): Promise<void> => {
  const common = held.get(device);
  if (!common || --common.holders > 0) return;
  held.delete(device);
  const end = common.threads.close().finally(() => ending.delete(device));
  ending.set(device, end);
  await end;
};
