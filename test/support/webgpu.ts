/** Whether tests can have a GPU, or a driver that does without one: `npm run swiftshader` makes one. */

import { devices } from '../../src/index.ts';

/** Why not, for tests to say when they skip; undefined: they can. */
export const webgpuMissing = async (): Promise<string | undefined> => {
  const { available, reason } = (await devices()).find(({ name }) => name === 'webgpu') as {
    available: boolean;
    reason?: string;
  };
  return available ? undefined : `WebGPU can't be had here: ${reason}`;
};
