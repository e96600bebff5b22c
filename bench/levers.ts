/**
 * What each lever of the plan gives, on a workload where it matters: `npm run bench -- levers [contraction …]`. The whole
 * matrix with the lever off and with all on, in turns: processor time of one thread in the engine, all tiles and the
 * point program. Writes `bench/results/levers.json`, which `publish` puts into the documents.
 */

import { writeFileSync } from 'node:fs';
import { hashOf } from '../src/ir/serial.ts';
import { ALL_OFF, type Levers } from '../src/plan/levers.ts';
import type { Planned } from '../src/plan/plan.ts';
import { planJacobian } from '../src/plan/planner.ts';
import type { Problem } from '../src/problem.ts';
import { digits } from './figures.ts';
import { loadOn } from './load-on.ts';
import { results } from './places.ts';
import { type AtPoint, atPoint, fastestOf, loadTile, planWith, type Timed, tilesOf } from './plan-timing.ts';
import { inputsOf, pose, type Subject, subjectOf } from './subject.ts';
import { table } from './table.ts';
import { UsageError } from './usage.ts';
import { workloads } from './workloads/index.ts';

export interface LeverFigure {
  readonly lever: string;
  readonly off: string;
  readonly workload: string;
  /** Milliseconds of one thread for the whole matrix. */
  readonly without: number;
  readonly with: number;
}

interface Trial {
  readonly lever: string;
  /** What stands in its place when it is off. */
  readonly off: string;
  readonly workload: string;
  readonly levers?: Partial<Levers>;
  /** The other way to the Jacobian. */
  readonly mode?: 'forward' | 'reverse';
  /** As many blocks as the peers make, instead of one: what is wide then still fits into memory. */
  readonly inBlocks?: boolean;
}

const TRIALS: readonly Trial[] = [
  { lever: 'column groups', off: 'all tangents active', workload: 'mlp', levers: { groups: 'one' } },
  { lever: 'column groups', off: 'all tangents active', workload: 'transformer', levers: { groups: 'one' } },
  { lever: 'row trimming', off: 'all rows', workload: 'mlp', levers: { trimming: false } },
  { lever: 'row trimming', off: 'all rows', workload: 'transformer', levers: { trimming: false } },
  { lever: 'splitting', off: 'wide leaves whole', workload: 'mlp', levers: { splitting: 'never' } },
  { lever: 'structured seeds', off: 'dense one-hot arrays', workload: 'mlp', levers: { structuredSeeds: false } },
  { lever: 'structured seeds', off: 'dense one-hot arrays', workload: 'rosen', levers: { structuredSeeds: false } },
  { lever: 'bands', off: 'whole columns', workload: 'rosen', levers: { bands: false } },
  { lever: 'merged diagonals', off: 'each factor by itself', workload: 'heat', levers: { merging: false } },
  { lever: 'merged diagonals', off: 'each factor by itself', workload: 'optics', levers: { merging: false } },
  { lever: 'folding', off: 'programs as they come', workload: 'heat', levers: { folding: false } },
  { lever: 'sharing', off: 'equal equations each', workload: 'transformer', levers: { sharing: false } },
  { lever: 'contraction', off: 'never', workload: 'mlp', levers: { contraction: 'never' } },
  { lever: 'contraction', off: 'never', workload: 'transformer', levers: { contraction: 'never' } },
  { lever: 'contraction', off: 'never', workload: 'lstm', levers: { contraction: 'never' } },
  { lever: 'contraction by price', off: 'always', workload: 'optics', levers: { contraction: 'always' } },
  { lever: 'products at the point', off: 'in every tile', workload: 'mlp', levers: { pointProducts: false } },
  { lever: 'batch axis by price', off: 'leading', workload: 'heat', levers: { batchAxis: 'leading' } },
  { lever: 'batch axis by price', off: 'trailing', workload: 'optics', levers: { batchAxis: 'trailing' } },
  { lever: 'width by cache', off: 'the whole block', workload: 'optics', levers: { fittingWidth: false } },
  { lever: 'residuals', off: 'computed in every tile', workload: 'optics', levers: { residuals: false } },
  { lever: 'residuals', off: 'computed in every tile', workload: 'heat', levers: { residuals: false } },
  { lever: 'fused loops', off: 'all on ONNX Runtime', workload: 'heat', levers: { native: false } },
  { lever: 'fused loops', off: 'all on ONNX Runtime', workload: 'rosen', levers: { native: false } },
  { lever: 'mode by price', off: 'forward', workload: 'wide', mode: 'forward' },
  { lever: 'mode by price', off: 'reverse', workload: 'tall', mode: 'reverse', inBlocks: true },
  { lever: 'all of them', off: 'none', workload: 'mlp', levers: ALL_OFF, inBlocks: true },
  { lever: 'all of them', off: 'none', workload: 'optics', levers: ALL_OFF, inBlocks: true },
  { lever: 'all of them', off: 'none', workload: 'heat', levers: ALL_OFF, inBlocks: true },
];

/** How long the two plans of a trial run in turns. */
const PER_PROGRAM = { milliseconds: 500, rounds: 3 };
/** Blocks of a plan without a fitting width. */
const ROWS_AT_ONCE = 64;

const offPlan = (trial: Trial, subject: Subject, problem: Problem): Planned => {
  const { recording, x, precision, planned } = problem;
  const { program } = recording;
  if (trial.mode) {
    const seeds = trial.mode === 'forward' ? planned.columns : planned.rows;
    const nbatches = trial.inBlocks ? Math.ceil(seeds / ROWS_AT_ONCE) : 'auto';
    const request = { program, leaves: x.leaves.length, precision, nbatches, recomputed: 0 } as const;
    return planJacobian(request, trial.mode);
  }
  return planWith(subject, problem, {
    levers: trial.levers ?? {},
    nbatches: trial.inBlocks ? workloads[trial.workload]().peerBatches : 'auto',
  });
};

/** The distinct programs of a plan, each with how often it runs for the whole matrix. */
const programsOf = async (at: AtPoint): Promise<{ readonly loaded: Timed; readonly times: number }[]> => {
  const { planned, inputs } = at;
  const byHash = new Map<string, { readonly loaded: Timed; times: number }>();
  for (const [k, { program, first, limit }] of planned.groups.entries()) {
    const key = `${hashOf(program)} ${limit - first}`;
    const known = byHash.get(key);
    if (known) known.times += tilesOf(planned, k);
    else byHash.set(key, { loaded: await loadTile(at, k), times: tilesOf(planned, k) });
  }
  const point = planned.point ? [{ loaded: await loadOn(planned.pointEngine, planned.point, inputs), times: 1 }] : [];
  return [...byHash.values(), ...point];
};

const measure = async (trial: Trial): Promise<LeverFigure> => {
  const subject = await subjectOf(trial.workload);
  const problem = pose(subject);
  const inputs = inputsOf(problem);
  const plans = [problem.planned, offPlan(trial, subject, problem)];
  const programs = await Promise.all(plans.map(async (planned) => programsOf(await atPoint(planned, inputs))));
  const all = programs.flat();
  const least = await fastestOf(
    all.map(({ loaded }) => loaded),
    PER_PROGRAM,
  );
  for (const { loaded } of all) await loaded.release();
  const sum = (from: number, to: number): number =>
    all.slice(from, to).reduce((total, { times }, k) => total + times * least[from + k], 0) / 1000;
  const cut = programs[0].length;
  const { lever, off, workload } = trial;
  return { lever, off, workload, with: sum(0, cut), without: sum(cut, all.length) };
};

const HEAD = ['off', 'on', 'off ÷ on', 'workload', 'lever', 'in its place'];

const cells = (f: LeverFigure): string[] => [
  digits(f.without),
  digits(f.with),
  (f.without / f.with).toFixed(2),
  f.workload,
  f.lever,
  f.off,
];

/** The table in the documents. */
export const leversMarkdown = (figures: readonly LeverFigure[]): string => {
  const head = ['lever', 'without it', 'workload', 'ms without', 'ms with', 'gain'];
  const rows = figures.map((f) => {
    const [without, with_, gain] = cells(f);
    return [f.lever, f.off, `\`${f.workload}\``, without, with_, `${gain}×`];
  });
  return [head, head.map(() => '---'), ...rows].map((line) => `| ${line.join(' | ')} |`).join('\n');
};

export const main = async (args: string[]): Promise<void> => {
  const known = [...new Set(TRIALS.flatMap(({ lever, workload }) => [lever, workload]))];
  const strange = args.filter((word) => !known.some((name) => name.includes(word)));
  if (strange.length > 0)
    throw new UsageError(`no lever or workload ${strange.join(', ')}; there are ${known.join(', ')}`);
  const wanted = TRIALS.filter(
    ({ lever, workload }) => args.length === 0 || args.some((word) => lever.includes(word) || word === workload),
  );
  const figures: LeverFigure[] = [];
  for (const trial of wanted) {
    const figure = await measure(trial);
    figures.push(figure);
    console.error(cells(figure).join('  '));
  }
  console.log(table(HEAD, figures.map(cells), 3).join('\n'));
  if (args.length === 0) writeFileSync(`${results}levers.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
};
