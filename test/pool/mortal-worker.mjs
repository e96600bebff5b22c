/** A worker with the real engines whose thread ends at its fifth run of an executable, and so does each successor. */

import { loadArtifact } from '../../dist/src/compile/load.js';
import { serve } from '../../dist/src/pool/serve.js';

let runs = 0;

export default serve(async (artifact, options) => {
  const executable = await loadArtifact(artifact, options);
  const run = async (inputs) => {
    if (++runs === 5) process.exit(1);
    return executable.run(inputs);
  };
  return { inputs: executable.inputs, outputs: executable.outputs, run, dispose: () => executable.dispose() };
});
