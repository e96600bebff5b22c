/** Says when both threads are at work, and goes on working. */

import { midRun, newPool } from './common.mjs';

await midRun(newPool(), () => console.log('working'));
console.log('not stopped');
