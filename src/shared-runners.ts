/** The places of the bare functions, one per combination of the options that shape a pool. */

import { runtimeOptionsOf } from './options.ts';
import { Runners } from './runners.ts';

const shared = new Map<string, Runners>();

/** `options` of a call, which are validated as far as they are read here. */
export const sharedRunners = (options: unknown): Runners => {
  const given = typeof options === 'object' && options !== null ? options : {};
  const settings = runtimeOptionsOf(given as Record<string, unknown>);
  const { devices, workers, threadsPerWorker } = settings;
  const key = `${devices ?? 'cpu'}/${workers}/${threadsPerWorker}`;
  const runners = shared.get(key) ?? new Runners(settings);
  shared.set(key, runners);
  return runners;
};
