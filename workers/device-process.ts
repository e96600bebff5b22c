/** The module of a process that has a device's context for a thread. */

import { serveApart } from '../src/compile/apart/serve.ts';
import { loadHere } from '../src/compile/load.ts';

serveApart((artifact) => loadHere(artifact, { threads: 1 }));
