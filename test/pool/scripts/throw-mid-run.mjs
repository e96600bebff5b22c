/** An uncaught error on the main thread while both threads are at work. */

import { midRun, newPool } from './common.mjs';

await midRun(newPool(), () => {
  queueMicrotask(() => {
    throw new Error('of the user');
  });
});
