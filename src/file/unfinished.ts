/** A file on its way to be whole: begun or taken up again, and given its name, or taken away, in the end. */

import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DiffopsError } from '../errors.ts';
import { bytesPerElement } from '../ir/aval.ts';
import type { Strip, StripedMatrix } from '../stitch/strip.ts';
import { type Claim, forgetClaim, newClaim } from './claim.ts';
import type { Division } from './division.ts';
import { fileError } from './file-error.ts';
import { requireSame } from './identity.ts';
import {
  appendClaim,
  appendEnded,
  createJournal,
  type Identity,
  type Journal,
  type JournalHead,
  readJournal,
  stripsOfCuts,
  type Written,
} from './journal.ts';
import { createFile } from './open-file.ts';
import { existing, isThere, journalOf, type Out, requireIdle, requireRoom } from './out.ts';
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
  /** That of this run, until it ends. */
  readonly claim: Claim;
}

/** What is to be written. */
export interface Request {
  readonly matrix: StripedMatrix;
  readonly identity: Identity;
  /** What the plan was made for; stored, so that the run is taken up with the same plan. */
  readonly aim: Pick<JournalHead, 'memoryLimit' | 'fresh'>;
  /** Of a file that is made anew. */
  readonly division: Division;
}

const targetOf = (out: Out, { layout }: JournalHead): Target => ({ path: out.partial, journal: out.journal, layout });

/**
 * Makes the file, or takes up the one that is there. Throws FILE where it can't be made, or was begun with something
 * else than is asked for now.
 */
export const beginFile = async (out: Out, request: Request): Promise<Unfinished> => {
  const claim = newClaim();
  try {
    return journalOf(out) ? await takeUp(out, request, claim) : await makeAnew(out, request, claim);
  } catch (error) {
    forgetClaim(claim);
    throw error;
  }
};

const makeAnew = async (out: Out, request: Request, claim: Claim): Promise<Unfinished> => {
  const { matrix, identity, aim, division } = request;
  const { layout, strips } = division;
  const cuts = [0, ...strips.map(({ limit }) => limit)];
  const head: JournalHead = { journal: 'diffops', version: 1, identity, ...aim, matrix, layout, cuts };
  requireRoom(out, matrix.rows * matrix.columns * bytesPerElement(matrix.dtype));
  try {
    // Where another run makes it at the same time, only one of them can: what is there then is the other's.
    createJournal(out.journal, head, claim);
  } catch (cause) {
    throw fileError(cause, 'made', out.path, false);
  }
  try {
    await createFile({ path: out.partial, matrix }, layout);
  } catch (cause) {
    discardFile(out);
    throw fileError(cause, 'made', out.path, false);
  }
  const numbers = strips.map((_, k) => k);
  return { out, target: targetOf(out, head), done: [], seedsDone: 0, strips, numbers, claim };
};

/** Makes the journal this run's; of two that do so at the same time it is the first one's. */
const claimed = ({ path, journal: name }: Out, claim: Claim): Journal => {
  appendClaim(name, claim);
  const journal = readJournal(name) as Journal;
  const own = journal.claims.findIndex(({ run }) => run === claim.run);
  requireIdle(path, journal.claims.slice(0, own));
  return journal;
};

const takeUp = async (out: Out, request: Request, claim: Claim): Promise<Unfinished> => {
  try {
    return await lookThrough(out, request, claimed(out, claim), claim);
  } catch (error) {
    endRun(out, claim);
    throw fileError(error, 'taken up', out.path, true);
  }
};

/** Refuses a journal that says of the same run what can't be. */
const requireFitting = (
  { matrix, layout, cuts }: JournalHead,
  { division }: Request,
  { path, partial, journal }: Out,
): void => {
  const isSame =
    JSON.stringify(matrix) === JSON.stringify(division.matrix) &&
    layout.format === division.layout.format &&
    cuts.at(-1) === (division.strips.at(-1)?.limit ?? 0);
  if (isSame) return;
  throw new DiffopsError(
    'FILE',
    `${path} can't be resumed: ${journal} is damaged. Delete it and ${partial} to start anew.`,
    {
      path,
    },
  );
};

const lookThrough = async (out: Out, request: Request, journal: Journal, claim: Claim): Promise<Unfinished> => {
  const { head, written } = journal;
  const { matrix, identity } = request;
  requireSame(head.identity, identity, out);
  requireFitting(head, request, out);
  const target = targetOf(out, head);
  const strips = stripsOfCuts(head.cuts);
  // Those that are not known to be on the disk may be torn, and of the others the last one is looked at closely, too.
  let torn: readonly number[] = [];
  const order = 'check' as const;
  const checked = written.map((one, k) => ({
    strip: strips[one.strip],
    written: one,
    closely: !one.synced || k === written.length - 1,
  }));
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
  return { out, target, done, seedsDone, strips: numbers.map((k) => strips[k]), numbers, claim };
};

/** Gives a whole file its name. */
export const finishFile = ({ out: { path, partial, journal }, claim }: Unfinished): void => {
  try {
    if (isThere(path)) throw existing(path);
    renameSync(partial, path);
  } catch (cause) {
    throw fileError(cause, 'given its name', path, true);
  }
  rmSync(journal, { force: true });
  syncFolder(dirname(path));
  forgetClaim(claim);
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
export const dropFile = ({ out, claim }: Unfinished): void => {
  discardFile(out);
  forgetClaim(claim);
};

const discardFile = ({ partial, journal }: Out): void => {
  rmSync(partial, { force: true, recursive: true });
  rmSync(journal, { force: true });
};

/** Ends a run before its file is whole: another may take it up. */
export const leaveFile = ({ out, claim }: Unfinished): void => endRun(out, claim);

const endRun = ({ journal }: Out, claim: Claim): void => {
  forgetClaim(claim);
  try {
    appendEnded(journal, claim);
  } catch {
    // On a full disk: the claim ends with the process.
  }
};
