/** The module that a worker thread runs: the loop over tiles, with the engines of `compile`. */

import { workerData } from 'node:worker_threads';
import { loadArtifact, loadEngine } from '../src/compile/load.ts';
import type { WorkerData } from '../src/pool/loading.ts';
import { serve } from '../src/pool/serve.ts';

if ((workerData as WorkerData).engine) await loadEngine();

export default serve(loadArtifact);
