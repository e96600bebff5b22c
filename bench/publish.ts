/**
 * Writes measured figures into the documents: `npm run bench -- publish [results.json …]`, the newest results where none
 * are named; where several have a workload, the last one counts. It makes the chart, and replaces what stands between
 * the marks `<!-- bench:NAME -->` and `<!-- /bench -->`; the table of levers is the one that `levers` wrote last.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chart } from './chart.ts';
import type { Figures } from './figures.ts';
import { type LeverFigure, leversMarkdown } from './levers.ts';
import { replaceMarked } from './marked.ts';
import { results, root } from './places.ts';
import { asMarkdown, asSummary, provenance } from './tables.ts';
import { workloads } from './workloads/index.ts';

const timed = /^\d{4}-.*\.json$/;

const merged = (paths: readonly string[]): Figures => {
  const all = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')) as Figures);
  const byName = new Map(all.flatMap(({ workloads }) => workloads.map((w) => [w.workload, w] as const)));
  const inOrder = Object.keys(workloads).flatMap((name) => byName.get(name) ?? []);
  return { ...(all.at(-1) as Figures), workloads: inOrder };
};

export const main = (args: string[]): void => {
  const newest = (): string[] => {
    const name = readdirSync(results)
      .filter((file) => timed.test(file))
      .sort()
      .at(-1);
    return name ? [`${results}${name}`] : [];
  };
  const paths = args.length > 0 ? args : newest();
  if (paths.length === 0) throw new Error(`no results in ${results}; npm run bench -- --peers makes them`);
  const figures = merged(paths);
  writeFileSync(`${root}docs/performance.svg`, chart(figures));
  const under = `Milliseconds, medians of runs taken in alternation: ${provenance(figures)}`;
  replaceMarked('README.md', 'summary', `${asSummary(figures)}\n\n${under}`);
  replaceMarked('docs/performance.md', 'timings', asMarkdown(figures));
  const levers = `${results}levers.json`;
  if (!existsSync(levers)) return;
  replaceMarked(
    'docs/performance.md',
    'levers',
    leversMarkdown(JSON.parse(readFileSync(levers, 'utf8')) as LeverFigure[]),
  );
};
