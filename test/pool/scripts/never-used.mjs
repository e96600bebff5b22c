/** A pool that is never used: must end by itself. */

import { newPool } from './common.mjs';

newPool();
console.log('made');
