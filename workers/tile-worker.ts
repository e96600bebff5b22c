/** The module that a worker thread runs: the loop over tiles, with the engines of `compile`. */

import { loadArtifact } from '../src/compile/load.ts';
import { serve } from '../src/pool/serve.ts';

export default serve(loadArtifact);
