/** `npm run bench -- limits`: the time per column of one model against the memory limit, from 8 GiB down to what is refused. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lineChart } from './line-chart.ts';
import { machine } from './machine.ts';
import { replaceMarked } from './marked.ts';
import { results, root } from './places.ts';
import { table } from './table.ts';

interface Row {
  readonly limit: number;
  readonly estimatedPeakBytes: number;
  readonly measured: number;
  readonly checkpoint: boolean | number;
  readonly tileWidth: number;
  readonly workers: number;
  readonly columns: number;
  readonly seconds: number;
  readonly planSeconds: number;
}

const MIB = 2 ** 20;
const HIGHEST = 8192;

/** The figures under a limit in MiB; what was said where it is refused. */
const call = (limit: number): Row | string => {
  const script = fileURLToPath(new URL('./limit-call.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', script, `${limit} MiB`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`under ${limit} MiB it failed: ${stderr}`);
  const said = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return said.refused ?? { limit, ...said };
};

const perColumn = ({ seconds, columns }: Row): number => (1000 * seconds) / columns;
const HEAD = ['limit', 'estimated', 'measured', 'workers', 'tile width', 'recomputed', 'ms per column', 'planned in s'];

export const main = (): void => {
  const rows: Row[] = [];
  let refusal = '';
  for (let limit = HIGHEST; limit >= 1 && refusal === ''; limit /= 2) {
    const row = call(limit);
    if (typeof row === 'string') refusal = row;
    else rows.push(row);
  }
  const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
  const cells = (row: Row): string[] => [
    String(row.limit),
    mib(row.estimatedPeakBytes),
    mib(row.measured),
    String(row.workers),
    String(row.tileWidth),
    String(row.checkpoint),
    perColumn(row).toFixed(1),
    row.planSeconds.toFixed(2),
  ];
  console.log('60 layers of 32 units, 16384 samples, float32; memory in MiB:');
  console.log(table(HEAD, rows.map(cells), HEAD.length).join('\n'));
  console.log(`Then: ${refusal}`);
  mkdirSync(results, { recursive: true });
  const figures = { date: new Date().toISOString(), machine: machine(), rows, refusal };
  writeFileSync(`${results}limits.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
  const markdown = [HEAD, HEAD.map(() => '---'), ...rows.map(cells)]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
  replaceMarked(
    'docs/memory.md',
    'limits',
    `60 tanh layers of 32 units, 16384 samples, float32, blocks of whole columns; memory in MiB, measured by the high-water mark of a fresh process whose threads had started. Only the first columns are computed, of the first of 60 groups: what later groups leave behind is estimated and not measured here (see above). ${figures.machine.cpu}, ${figures.date.slice(0, 10)}.\n\n${markdown}\n\nBelow: ${refusal}\n\n![Milliseconds per column against the memory limit](memory.svg)`,
  );
  const points = rows.map((row) => ({ x: row.limit / 1024, y: perColumn(row) }));
  writeFileSync(`${root}docs/memory.svg`, lineChart(points, 'memory limit, GiB', 'ms per column'));
};
