/** `process.exit` while the threads load their modules. */

import { newPool, start } from './common.mjs';

const run = start(newPool());
setTimeout(() => process.exit(6), Number(process.argv[2]));
await run;
