/** Finds the compiled files that threads and child processes run. */

/** From the sources the compiled file in `dist` is taken, since Node's threads don't all read TypeScript. */
export const workerFile = (name: 'tile-worker' | 'file-writer' | 'probe-device' | 'device-process'): URL =>
  import.meta.url.endsWith('.ts')
    ? new URL(`../dist/workers/${name}.js`, import.meta.url)
    : new URL(`../workers/${name}.js`, import.meta.url);
