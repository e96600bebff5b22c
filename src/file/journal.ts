/** The journal beside an unfinished file: what it is to become, how that is cut, and which strips are written. */

import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import type { Strip, StripedMatrix } from '../stitch/strip.ts';
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
}

export const stripsOfCuts = (cuts: readonly number[]): Strip[] =>
  cuts.slice(1).map((limit, k) => ({ first: cuts[k], limit }));

const lineOf = (entry: object): string => `${JSON.stringify(entry)}\n`;

/** Makes the journal, on the disk when it returns; throws where there is one already. */
export const createJournal = (path: string, head: JournalHead): void => {
  writeFileSync(path, lineOf(head), { flag: 'wx' });
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
};

export const appendWritten = (path: string, written: Written): void => appendFileSync(path, lineOf(written));

/** Says that all strips above are on the disk. */
export const appendSynced = (path: string): void => appendFileSync(path, lineOf({ synced: true }));

const parse = (line: string): object | undefined => {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? entry : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Reads a journal up to the first line that is torn, and cuts it off there; undefined where not even its head is whole,
 * and where it is no journal of this version.
 */
export const readJournal = (path: string): Journal | undefined => {
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  // What follows the last line break is torn, or empty.
  lines.pop();
  const head = parse(lines.shift() ?? '') as JournalHead | undefined;
  if (head?.journal !== 'diffops' || head.version !== 1) return undefined;
  let length = Buffer.byteLength(lineOf(head));
  const written = new Map<number, Written & { readonly synced: boolean }>();
  for (const line of lines) {
    const entry = parse(line);
    if (!entry) break;
    length += Buffer.byteLength(line) + 1;
    if (!('strip' in entry)) {
      for (const [strip, known] of written) written.set(strip, { ...known, synced: true });
      continue;
    }
    const { strip } = entry as Written;
    // One that was torn was written again: its last line counts.
    written.delete(strip);
    written.set(strip, { ...(entry as Written), synced: false });
  }
  if (length < Buffer.byteLength(text)) truncateSync(path, length);
  return { head, written: [...written.values()] };
};
