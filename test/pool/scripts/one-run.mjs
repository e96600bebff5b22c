/** One run, nothing closed: must end by itself. */

import { newPool, start } from './common.mjs';

const stats = await start(newPool(), { n: 20 });
console.log(`tiles ${stats.workers.reduce((sum, w) => sum + w.tiles, 0)}`);
