/** What the scripts share: a pool of two around the made-up engine, from `dist`. */

import { Pool } from '../../../dist/src/pool/pool.js';
import { makeJob, matrixFor } from '../stub.mjs';

export const newPool = () => new Pool({ workers: 2, file: new URL('../stub-worker.mjs', import.meta.url) });

/** A job whose tiles take 10 ms each, and its run on a pool. */
export const start = (pool, spec = {}, options = {}) => {
  const job = makeJob({ n: 200, width: 1, delay: 10, ...spec });
  return pool.run(job, { sink: matrixFor(job).sink, ...options });
};

/** Runs until a few tiles are done, so that both threads are at work, then calls `then`. */
export const midRun = (pool, then) => {
  let called = false;
  const onTile = ({ tilesDone }) => {
    if (called || tilesDone < 6) return;
    called = true;
    then();
  };
  return start(pool, {}, { onTile });
};
