/** The paths of a file that is to be written, and what must not, or may, be there before. */

import { accessSync, constants, lstatSync, rmSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { DiffopsError } from '../errors.ts';
import { type Claim, isLiving } from './claim.ts';
import { fileError } from './file-error.ts';
import { type Journal, readJournal } from './journal.ts';
import type { Format } from './open-file.ts';

export interface Out {
  /** Where the whole file will be. */
  readonly path: string;
  readonly format: Format;
  /** Where it is until then, and the journal beside it. */
  readonly partial: string;
  readonly journal: string;
  readonly resume: boolean;
}

export const outOf = ({ path, resume }: { readonly path: string; readonly resume: boolean }): Out => {
  const whole = resolve(path);
  const format = whole.endsWith('.zarr') ? 'zarr' : 'npy';
  return { path: whole, format, partial: `${whole}.partial`, journal: `${whole}.journal`, resume };
};

/** Also of a link that leads nowhere. */
export const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const refuse = (path: string, errno: string, message: string): never => {
  throw new DiffopsError('FILE', message, { path, errno });
};

export const existing = (path: string): DiffopsError =>
  new DiffopsError('FILE', `${path} is there already, and is not written over: delete it, or give another path.`, {
    path,
    errno: 'EEXIST',
  });

/** Refuses to touch a file that a run is at. */
export const requireIdle = (path: string, claims: readonly Claim[]): void => {
  const living = claims.find(isLiving);
  if (!living) return;
  const who = living.pid === process.pid ? 'another call' : `process ${living.pid}`;
  refuse(path, 'EBUSY', `${path} is being written by ${who}; give another path, or wait for it.`);
};

/** Refuses a path that can't be written to, or whose file is there. */
export const requireWritable = (out: Out): void => {
  try {
    requireFree(out);
  } catch (cause) {
    throw fileError(cause, 'written', out.path, false);
  }
};

const requireFree = ({ path, partial, journal, resume }: Out): void => {
  const folder = dirname(path);
  if (!statSync(folder).isDirectory()) throw fileError({ code: 'ENOTDIR' }, 'written', path, false);
  accessSync(folder, constants.W_OK | constants.X_OK);
  if (isThere(path)) throw existing(path);
  if (isThere(journal)) requireIdle(path, readJournal(journal)?.claims ?? []);
  const left = [partial, journal].filter(isThere);
  if (left.length === 0 || resume) return;
  refuse(
    path,
    'EEXIST',
    `${left.map((name) => basename(name)).join(' and ')} in ${folder} are of a run that was cut off: ` +
      'resume: true goes on with it; to start anew, delete them.',
  );
};

/** The journal of the run to go on with; undefined: there is none, or none that has done anything. */
export const journalOf = ({ path, partial, journal, resume }: Out): Journal | undefined => {
  if (!resume) return undefined;
  const hasFile = isThere(partial);
  const known = isThere(journal) ? readJournal(journal) : undefined;
  if (known && (hasFile || known.written.length === 0)) {
    if (hasFile) return known;
  } else if (hasFile || known) {
    const [has, lacks] = hasFile ? [partial, journal] : [journal, partial];
    refuse(
      path,
      'ENOENT',
      `${path} can't be resumed: ${basename(has)} is there, but ${basename(lacks)} is missing or no journal of this ` +
        `version of diffops. Delete ${basename(has)} to start anew.`,
    );
  }
  // Cut off before the file was there.
  rmSync(journal, { force: true });
  return undefined;
};

/** Refuses a file for which there is no room, where the file system tells. */
export const requireRoom = ({ path }: Out, bytes: number): void => {
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    free = bavail * bsize;
  } catch {
    return;
  }
  if (bytes <= free) return;
  throw new DiffopsError(
    'FILE',
    `${path} needs ${bytes} bytes more, but its disk has ${free} left. Free some space, give a path on another disk, ` +
      "or use precision: 'float32'.",
    { path, errno: 'ENOSPC', bytes, limit: free },
  );
};
