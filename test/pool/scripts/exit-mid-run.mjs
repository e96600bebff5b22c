/** `process.exit` while both threads are at work: waits for their tiles, which take 10 ms, and for nothing else. */

import { midRun, newPool } from './common.mjs';

await midRun(newPool(), () => {
  const began = performance.now();
  // The pool's own listener came first, so the wait is over when this one is called.
  process.on('exit', () => console.log(performance.now() - began < 1000 ? 'at once' : 'late'));
  process.exit(5);
});
