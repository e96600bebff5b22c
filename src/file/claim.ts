/** Who writes a file: each run says so in the journal, so that no other takes the file up while that one lives. */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Claim {
  readonly run: string;
  readonly host: string;
  readonly pid: number;
  /** When the process began, where the system tells: its number may be another's by now. */
  readonly began: string;
}

/** Runs of this thread that are under way. */
const mine = new Set<string>();

/** When a process of this machine began, '' where only its being there is known; undefined: there is none. */
const beginningOf = (pid: number): string | undefined => {
  if (process.platform === 'linux') {
    try {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      // The name of the program, in parentheses, may have spaces in it; behind it is the state, and 19 further the time.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return fields[0] === 'Z' ? undefined : `${boot}/${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
  }
};

export const newClaim = (): Claim => {
  const run = randomUUID();
  mine.add(run);
  return { run, host: hostname(), pid: process.pid, began: beginningOf(process.pid) ?? '' };
};

export const forgetClaim = ({ run }: Claim): void => {
  mine.delete(run);
};

/** Whether its run may be under way. Of processes on other machines nothing is known: they count as gone. */
export const isLiving = ({ run, host, pid, began }: Claim): boolean => {
  if (host !== hostname() || beginningOf(pid) !== began) return false;
  return pid !== process.pid || mine.has(run);
};
