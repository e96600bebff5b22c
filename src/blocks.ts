/** Matrices that are never held whole: an async iterable of blocks of whole columns or whole rows. */

import { blocksBytes } from './plan/memory.ts';
import type { Plan } from './plan/plan.ts';
import { planOfRun } from './planning.ts';
import { streamBlocks } from './pool/stream.ts';
import { nonFinite, progressListener, type Unflatten } from './prepared.ts';
import { jobsOf, type OpenProblem, type Problem } from './problem.ts';
import type { Runners } from './runners.ts';
import type { Block } from './stitch/block.ts';
import { unflattenVector } from './unflatten.ts';

/** Blocks `{ rows: [r0, r1), columns: [c0, c1), data }`, with the plan (a promise) and `unflatten` beside them. */
export interface Blocks<X = unknown> extends AsyncIterable<Block> {
  readonly plan: Promise<Plan>;
  readonly unflatten: Unflatten<X>;
}

/** Blocks of a call that was refused: `plan`, `unflatten` and the first `next()` give the error. */
export const failedBlocks = (error: unknown): Blocks<never> => {
  const plan = Promise.reject<Plan>(error);
  // Whoever iterates hears of the error there; a plan that nobody awaits must not end the process.
  plan.catch(() => {});
  const fail = (): never => {
    throw error;
  };
  return {
    plan,
    unflatten: fail,
    // biome-ignore lint/correctness/useYield: it has nothing to give but the error
    async *[Symbol.asyncIterator]() {
      fail();
    },
  };
};

/**
 * The blocks of a problem that is opened at once, so that x and data are copied when the call is made. Nothing runs
 * before the first `next()`, and leaving the loop stops the work.
 */
export const blocksOf = (
  open: () => OpenProblem,
  plan: (opened: OpenProblem) => Promise<Problem>,
  runners: Runners,
): Blocks<never> => {
  let opened: OpenProblem;
  try {
    opened = open();
  } catch (error) {
    return failedBlocks(error);
  }
  const posing = plan(opened);
  const planning = posing.then((problem) => {
    const staff = runners.staffFor(problem);
    const total = staff.reduce((sum, { workers }) => sum + workers, 0);
    return planOfRun(problem, staff, blocksBytes(problem.planned, total));
  });
  // Whoever iterates hears of the error there.
  planning.catch(() => {});
  const { settings, x } = opened.call;
  return {
    plan: planning,
    unflatten: (flat) => unflattenVector(x, flat) as never,
    async *[Symbol.asyncIterator]() {
      const problem = await posing;
      const { planned, kind } = problem;
      const { tiles } = planned;
      const jobs = jobsOf(problem, x, problem.fixed, runners.placesFor(problem), { tiles });
      yield* streamBlocks(runners.for(problem), jobs, {
        signal: settings.signal,
        onTile: progressListener(settings.onProgress),
        onSpoiled: (column) => {
          if (settings.checkFinite) throw nonFinite(x, column, kind);
        },
      });
    },
  };
};
