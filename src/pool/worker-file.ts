/** Finds the compiled file that worker threads run. */

/** From the sources the compiled worker in `dist` is taken, since Node's threads don't all read TypeScript. */
export const workerFile = (): URL =>
  import.meta.url.endsWith('.ts')
    ? new URL('../../dist/workers/tile-worker.js', import.meta.url)
    : new URL('../../workers/tile-worker.js', import.meta.url);
