/** Runs one program once on the calling thread, for products that aren't worth a job. */

import type { Artifact } from '../compile/executable.ts';
import { loadArtifact } from '../compile/load.ts';
import type { Value } from '../ir/aval.ts';
import { Engines } from './engines.ts';

const engines = new Engines(loadArtifact);
let last: Promise<unknown> = Promise.resolve();

/** Calls run one after the other: an executable runs once at a time, and all of them share this thread anyway. */
export const runOnce = (artifact: Artifact, inputs: readonly Value[]): Promise<Value[]> => {
  const result = last.then(async () => {
    try {
      const executable = engines.find(artifact.key, 1) ?? (await engines.load(artifact, 1));
      const outputs = await executable.run(inputs);
      await engines.trim({ own: [artifact.key] }, 1);
      return outputs;
    } catch (error) {
      // Whatever it was, memory may have been short.
      await engines.clear();
      throw error;
    }
  });
  last = result.catch(() => {});
  return result;
};
