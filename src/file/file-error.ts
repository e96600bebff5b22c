/** What the file system refuses, said as a FILE error: which file, why, and what helps. */

import { DiffopsError } from '../errors.ts';

/** By errno: what is wrong, and the remedy. */
const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['its folder is not there', 'Make it, or give another path.'],
  ENOTDIR: ['a part of its path is not a folder', 'Give another path.'],
  ENAMETOOLONG: ['its name is too long, with .partial or .journal behind it', 'Give a shorter one.'],
  EACCES: ['that is not permitted', 'Give a path in a folder that may be written to.'],
  EPERM: ['that is not permitted', 'Give a path in a folder that may be written to.'],
  EROFS: ['its file system can only be read', 'Give a path on another one.'],
  ENOSPC: ['the disk is full', 'Free some space'],
  EDQUOT: ['the quota is used up', 'Free some space'],
  EFBIG: [
    'it would be larger than files may be here',
    "Raise the limit (ulimit -f), or write '.zarr', which is many files",
  ],
  EMFILE: ['too many files are open', 'Close some, or raise the limit (ulimit -n)'],
};

/** `kept`: whether work that was done stays there for `resume`. */
export const fileError = (cause: unknown, doing: string, path: string, kept: boolean): DiffopsError => {
  if (cause instanceof DiffopsError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const [reason, remedy] = REASONS[code ?? ''] ?? [message, ''];
  const resume = kept ? 'what is written stays: the same call with resume: true goes on with it.' : '';
  const end = [remedy.replace(/\.$/, ''), resume].filter((text) => text !== '').join('; ');
  return new DiffopsError(
    'FILE',
    `${path} can't be ${doing}: ${reason}.${end === '' ? '' : ` ${end}${end.endsWith('.') ? '' : '.'}`}`,
    { path, errno: code },
    { cause },
  );
};
