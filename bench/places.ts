/** Where the bench reads and writes: it runs from `dist/bench`, its results lie beside its sources. */

import { fileURLToPath } from 'node:url';

/** The repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
export const results = `${root}bench/results/`;
