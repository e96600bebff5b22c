/**
 * The plan's estimate of memory against what a call adds: `npm run bench -- memory [--only mlp,heat] [--runs 3]`. Each
 * call is made in a fresh process (`memory-call.ts`); where it runs several times, the median counts.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from './machine.ts';
import { results } from './places.ts';
import { table } from './table.ts';
import { checked, UsageError } from './usage.ts';
import { workloads } from './workloads/index.ts';

/** Options of the call; `workers` 0: left to the plan, which runs what is small in-process. */
interface Setting {
  readonly nbatches: number | 'auto';
  readonly checkpoint: boolean;
  readonly precision: 'float32' | 'float64';
  readonly workers: number;
}

const SETTINGS: readonly Setting[] = [
  { nbatches: 'auto', checkpoint: false, precision: 'float32', workers: 2 },
  { nbatches: 4, checkpoint: false, precision: 'float32', workers: 1 },
  { nbatches: 64, checkpoint: true, precision: 'float32', workers: 2 },
  { nbatches: 'auto', checkpoint: true, precision: 'float32', workers: 1 },
  { nbatches: 4, checkpoint: false, precision: 'float64', workers: 2 },
  { nbatches: 'auto', checkpoint: false, precision: 'float32', workers: 0 },
];

/** What an estimate may be off by: a share of what was measured, or so many bytes. */
const SHARE = 0.25;
const BYTES = 32 * 2 ** 20;

/** What a call gave, in bytes. */
interface Measured {
  readonly measured: number;
  readonly estimated: number;
  readonly workers: number;
}

interface Row extends Setting, Measured {
  readonly workload: string;
  /** Every run, in order. */
  readonly runs: readonly number[];
  readonly isWithin: boolean;
}

const call = (workload: string, { workers, ...options }: Setting): Measured => {
  const script = fileURLToPath(new URL('./memory-call.js', import.meta.url));
  const args = ['--expose-gc', script, workload, JSON.stringify(options), String(workers)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${workload} failed: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
};

const measure = (workload: string, setting: Setting, count: number): Row => {
  const calls = Array.from({ length: count }, () => call(workload, setting));
  const runs = calls.map(({ measured }) => measured);
  const [{ estimated, workers }] = calls;
  const measured = [...runs].sort((a, b) => a - b)[Math.floor(count / 2)];
  const isWithin = Math.abs(estimated - measured) <= Math.max(SHARE * measured, BYTES);
  return { workload, ...setting, workers, measured, estimated, runs, isWithin };
};

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

const HEAD = ['measured', 'estimated', 'off', 'off %', 'workers', 'nbatches', 'checkpoint', 'precision', 'workload'];

const cells = ({
  measured,
  estimated,
  workers,
  nbatches,
  checkpoint,
  precision,
  workload,
  isWithin,
}: Row): string[] => [
  mib(measured),
  mib(estimated),
  mib(estimated - measured),
  ((100 * (estimated - measured)) / measured).toFixed(0),
  String(workers),
  String(nbatches),
  String(checkpoint),
  precision,
  isWithin ? workload : `${workload}, too far off`,
];

export const main = (args: string[]): void => {
  const { values: flags } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: Object.keys(workloads).join(',') },
      runs: { type: 'string', default: '1' },
    },
  });
  const names = flags.only.split(',');
  checked(names, workloads, 'workload');
  const count = Number(flags.runs);
  if (!(count >= 1)) throw new UsageError(`--runs is ${flags.runs}; it is a number from 1 on`);
  const rows: Row[] = [];
  for (const name of names) {
    for (const setting of SETTINGS) {
      const row = measure(name, setting, count);
      rows.push(row);
      process.stderr.write(`${cells(row).join('  ')}\n`);
    }
  }
  console.log('MiB that a call adds to resident memory at its fullest moment:');
  console.log(table(HEAD, rows.map(cells), 5).join('\n'));
  const off = rows.filter(({ isWithin }) => !isWithin).length;
  console.log(`${rows.length - off} of ${rows.length} are within 25 % or 32 MiB.`);
  if (off > 0) process.exitCode = 1;
  mkdirSync(results, { recursive: true });
  const figures = { date: new Date().toISOString(), machine: machine(), rows };
  writeFileSync(`${results}memory.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
};
