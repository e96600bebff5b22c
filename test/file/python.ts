/** Python with NumPy and zarr, as the other side of the files: `DIFFOPS_PYTHON`, or a virtual environment made for it. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/sources.ts';

const folder = join(root, 'node_modules', '.cache', 'diffops-python');
const made = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin', 'python');

const works = (python: string): boolean =>
  spawnSync(python, ['-c', 'import numpy, zarr; assert zarr.__version__ >= "3"']).status === 0;

/** Its path, or why there is none. */
export const findPython = (): { readonly path: string } | { readonly missing: string } => {
  const asked = process.env.DIFFOPS_PYTHON;
  if (asked) return works(asked) ? { path: asked } : { missing: `${asked} has no NumPy or no zarr 3` };
  if (existsSync(made) && works(made)) return { path: made };
  const steps = [
    ['python3', ['-m', 'venv', '--clear', folder]],
    [made, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'numpy>=2', 'zarr>=3']],
  ] as const;
  for (const [command, args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 120_000 });
    if (status !== 0)
      return { missing: `${command} ${args.join(' ')}: ${error?.message ?? stderr.trim().slice(-300)}` };
  }
  return works(made) ? { path: made } : { missing: `${made} has no NumPy or no zarr 3` };
};

/** Runs a program; gives what it prints, or throws with what it says. */
export const runPython = (path: string, program: string, args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(path, ['-c', program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};
