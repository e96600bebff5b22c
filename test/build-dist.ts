/** Builds `dist` before the tests, where it is older than the sources: worker threads run compiled files. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built');

/** The newest modification time of the TypeScript files under a folder, in ms. */
const newest = (folder: string): number =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .reduce((time, name) => Math.max(time, statSync(join(root, folder, name)).mtimeMs), 0);

export const setup = (): void => {
  const began = new Date();
  const worker = join(root, 'dist', 'workers', 'tile-worker.js');
  const sources = Math.max(...['src', 'workers', 'examples'].map(newest));
  if (existsSync(worker) && existsSync(stamp) && statSync(stamp).mtimeMs > sources) return;
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const buildInfo = join(root, 'dist', '.tsbuildinfo');
  const { stdout, status } = spawnSync(
    process.execPath,
    [compiler, '-p', 'tsconfig.build.json', '--incremental', '--tsBuildInfoFile', buildInfo],
    { cwd: root, encoding: 'utf8' },
  );
  // Type errors are for `npm run types` to report; the compiler emits all the same.
  const errors = stdout.match(/error TS/g)?.length ?? 0;
  if (status !== 0) process.stderr.write(`dist was built with ${errors} type errors; npm run types shows them.\n`);
  if (existsSync(worker)) writeFileSync(stamp, `${began.toISOString()}\n`);
};
