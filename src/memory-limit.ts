/** The option `memoryLimit`: a number of bytes, written out or with a unit, or half of what is free. */

import { freemem } from 'node:os';
import { DiffopsError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const AMOUNT = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?b)\s*$/i;

const bytesOf = (value: unknown): number => {
  if (typeof value === 'number') return value;
  const [, amount, unit] = (typeof value === 'string' && AMOUNT.exec(value)) || [];
  return amount === undefined ? Number.NaN : Math.floor(Number(amount) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
};

/** Bytes of what `memoryLimit` was given as; undefined where it was left out. */
export const memoryLimitOf = (value: unknown): number | undefined => {
  if (value === undefined) return undefined;
  const bytes = bytesOf(value);
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  throw new DiffopsError(
    'OPTION',
    `memoryLimit is ${shown}; it must be a positive whole number of bytes, or a string such as '2GiB' or '500 MB'. ` +
      'Left out, it is half of the memory that is free.',
    { option: 'memoryLimit', value },
  );
};

/** Bytes of executables that a thread keeps for later, where memory allows. */
export const MOST_KEPT_BYTES = 2 ** 29;

/** Half of what the machine, or the cgroup that the process is in, has free. */
export const defaultMemoryLimit = (): number => Math.floor((process.availableMemory?.() ?? freemem()) / 2);
