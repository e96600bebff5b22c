/** The journal beside an unfinished file: what it is to become, how that is cut, and which strips are written. */

import { appendFileSync, closeSync, constants, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { Strip, StripedMatrix } from '../stitch/strip.ts';
import type { Claim } from './claim.ts';
import type { Layout } from './strip-file.ts';

/** What must be the same when a run is taken up; each is a hash, or speaks for itself. */
export interface Identity {
  readonly program: string;
  readonly point: string;
  readonly data: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly plan: string;
}

/** The journal's first line. */
export interface JournalHead {
  readonly journal: 'diffops';
  readonly version: 1;
  readonly identity: Identity;
  /** Bytes that the plan was made for. */
  readonly memoryLimit: number;
  /** Whether the start of threads and engines was to fit into them. */
  readonly fresh?: boolean;
  readonly matrix: StripedMatrix;
  readonly layout: Layout;
  /** Where strips begin, and where the last one ends. */
  readonly cuts: readonly number[];
}

/** A line for a strip that is written. */
export interface Written {
  readonly strip: number;
  /** CRC-32 of its part of the matrix, as it is held in memory. */
  readonly crc: number;
  /** The first column that isn't finite, or −1. */
  readonly spoiled: number;
}

export interface Journal {
  readonly head: JournalHead;
  /** In the order in which they were written; `synced`: whether it is known to be on the disk. */
  readonly written: readonly (Written & { readonly synced: boolean })[];
  /** Of runs that didn't say that they ended, oldest first. */
  readonly claims: readonly Claim[];
}

export const stripsOfCuts = (cuts: readonly number[]): Strip[] =>
  cuts.slice(1).map((limit, k) => ({ first: cuts[k], limit }));

const lineOf = (entry: object): string => `${JSON.stringify(entry)}\n`;

/** Makes the journal of a run, on the disk when it returns; throws where there is one already. */
export const createJournal = (path: string, head: JournalHead, claim: Claim): void => {
  writeFileSync(path, lineOf(head) + lineOf({ claim }), { flag: 'wx' });
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
};

/** Adds to a journal that is there: that of a file that is whole by now is gone, and must not be made again. */
const addTo = (path: string, text: string): void =>
  appendFileSync(path, text, { flag: (constants.O_WRONLY | constants.O_APPEND) as never });

/** On a line of its own, whatever was torn before. */
export const appendClaim = (path: string, claim: Claim): void => addTo(path, `\n${lineOf({ claim })}`);

export const appendEnded = (path: string, { run }: Claim): void => addTo(path, `\n${lineOf({ ended: run })}`);

/** Also where someone took the journal away: the file gets whole all the same. */
export const appendWritten = (path: string, written: Written): void => appendFileSync(path, lineOf(written));

/** Says that all strips above are on the disk. */
export const appendSynced = (path: string): void => appendFileSync(path, lineOf({ synced: true }));

type Entry = Written | { readonly synced: true } | { readonly claim: Claim } | { readonly ended: string };

const parse = (line: string): object | undefined => {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? entry : undefined;
  } catch {
    return undefined;
  }
};

/** A head that strips can be made of; what else it says is compared with the run that takes it up. */
const isHead = (head: JournalHead | undefined): head is JournalHead =>
  head?.journal === 'diffops' &&
  head.version === 1 &&
  [head.identity, head.matrix, head.layout].every((part) => typeof part === 'object' && part !== null) &&
  Number.isFinite(head.memoryLimit) &&
  Array.isArray(head.cuts) &&
  head.cuts.every((cut, k) => Number.isInteger(cut) && (k === 0 ? cut === 0 : cut > head.cuts[k - 1]));

const isWritten = ({ strip, crc, spoiled }: Written, strips: number): boolean =>
  [strip, crc, spoiled].every(Number.isInteger) && strip >= 0 && strip < strips;

/**
 * Reads a journal; undefined where not even its head is whole, and where it is no journal of this version. A line that
 * is torn says nothing, and those behind it speak for themselves.
 */
export const readJournal = (path: string): Journal | undefined => {
  const [first, ...lines] = readFileSync(path, 'utf8').split('\n');
  const head = parse(first) as JournalHead | undefined;
  if (!isHead(head)) return undefined;
  const written = new Map<number, Written & { readonly synced: boolean }>();
  const claims = new Map<string, Claim>();
  for (const line of lines) {
    const entry = parse(line) as Entry | undefined;
    if (!entry) continue;
    if ('claim' in entry) {
      claims.set(entry.claim.run, entry.claim);
    } else if ('ended' in entry) {
      claims.delete(entry.ended);
    } else if ('synced' in entry) {
      for (const [strip, known] of written) written.set(strip, { ...known, synced: true });
    } else if (isWritten(entry, head.cuts.length - 1)) {
      // One that was torn was written again: its last line counts.
      written.delete(entry.strip);
      written.set(entry.strip, { ...entry, synced: false });
    }
  }
  return { head, written: [...written.values()], claims: [...claims.values()] };
};
