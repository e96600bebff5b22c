/** Whether tests can have a device: a GPU, or a driver that does without one (`scripts/swiftshader.mjs`), or a package. */

import { devices } from '../../src/index.ts';

/** Why not, for tests to say when they skip; undefined: they can. */
export const deviceMissing = async (name: string): Promise<string | undefined> => {
  const device = (await devices()).find((candidate) => candidate.name === name);
  return device?.available ? undefined : `${name} can't be had here: ${device?.reason}`;
};
