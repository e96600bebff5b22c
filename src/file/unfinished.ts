/** A file on its way to be whole: begun or taken up again, and given its name, or taken away, in the end. */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { bytesPerElement } from '../ir/aval.ts';
import type { Strip, StripedMatrix } from '../stitch/strip.ts';
import type { Division } from './division.ts';
import { fileError } from './file-error.ts';
import { requireSame } from './identity.ts';
import { createJournal, type Identity, type Journal, type JournalHead, stripsOfCuts, type Written } from './journal.ts';
import { createFile } from './open-file.ts';
import { existing, journalOf, type Out, requireRoom } from './out.ts';
import type { Target } from './write-strips.ts';
import { writeInThread } from './writer-thread.ts';

export interface Unfinished {
  readonly out: Out;
  readonly target: Target;
  /** Strips that are in the file, of earlier runs. */
  readonly done: readonly Written[];
  readonly seedsDone: number;
  /** The others, and their numbers in the journal. */
  readonly strips: readonly Strip[];
  readonly numbers: readonly number[];
}

/** What is to be written. */
export interface Request {
  readonly matrix: StripedMatrix;
  readonly identity: Identity;
  /** That the plan was made for; stored, so that the run is taken up with the same plan. */
  readonly memoryLimit: number;
  /** Of a file that is made anew. */
  readonly division: Division;
}

const targetOf = (out: Out, { layout }: JournalHead): Target => ({ path: out.partial, journal: out.journal, layout });

/**
 * Makes the file, or takes up the one that is there. Throws FILE where it can't be made, or was begun with something
 * else than is asked for now.
 */
export const beginFile = async (out: Out, request: Request): Promise<Unfinished> => {
  const journal = journalOf(out);
  return journal ? takeUp(out, request, journal) : makeAnew(out, request);
};

const makeAnew = async (out: Out, { matrix, identity, memoryLimit, division }: Request): Promise<Unfinished> => {
  const { layout, strips } = division;
  const cuts = [0, ...strips.map(({ limit }) => limit)];
  const head: JournalHead = { journal: 'diffops', version: 1, identity, memoryLimit, matrix, layout, cuts };
  requireRoom(out, matrix.rows * matrix.columns * bytesPerElement(matrix.dtype));
  try {
    createJournal(out.journal, head);
    await createFile({ path: out.partial, matrix }, layout);
  } catch (cause) {
    discardFile(out);
    throw fileError(cause, 'made', out.path, false);
  }
  return { out, target: targetOf(out, head), done: [], seedsDone: 0, strips, numbers: strips.map((_, k) => k) };
};

const takeUp = async (out: Out, { matrix, identity }: Request, { head, written }: Journal): Promise<Unfinished> => {
  requireSame(head.identity, identity, out);
  const target = targetOf(out, head);
  const strips = stripsOfCuts(head.cuts);
  // Those that are not known to be on the disk may be torn, and of the others the last one is looked at.
  const doubtful = written.filter(({ synced }, k) => !synced || k === written.length - 1);
  let torn: readonly number[] = [];
  const order = 'check' as const;
  const checked = doubtful.map((one) => ({ strip: strips[one.strip], written: one }));
  try {
    await writeInThread({ order, target, matrix, strips: checked }, (message) => {
      if (message.says === 'checked') torn = message.torn;
    });
  } catch (cause) {
    throw fileError(cause, 'read', target.path, true);
  }
  const done = written.filter(({ strip }) => !torn.includes(strip));
  const isDone = new Set(done.map(({ strip }) => strip));
  const numbers = strips.map((_, k) => k).filter((k) => !isDone.has(k));
  const seedsDone = done.reduce((sum, { strip }) => sum + strips[strip].limit - strips[strip].first, 0);
  return { out, target, done, seedsDone, strips: numbers.map((k) => strips[k]), numbers };
};

/** Gives a whole file its name. */
export const finishFile = ({ out: { path, partial, journal } }: Unfinished): void => {
  try {
    if (existsSync(path)) throw existing(path);
    renameSync(partial, path);
  } catch (cause) {
    throw fileError(cause, 'given its name', path, true);
  }
  syncFolder(dirname(path));
  rmSync(journal, { force: true });
};

/** Some systems can't; then the new name is on the disk a little later. */
const syncFolder = (folder: string): void => {
  try {
    const opened = openSync(folder, 'r');
    try {
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
  } catch {}
};

/** Takes away a file of which nothing is written. */
export const discardFile = ({ partial, journal }: Out): void => {
  rmSync(partial, { force: true, recursive: true });
  rmSync(journal, { force: true });
};
