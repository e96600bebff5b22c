/** `process.exit` while both threads are at work. */

import { midRun, newPool } from './common.mjs';

await midRun(newPool(), () => process.exit(5));
