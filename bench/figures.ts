/** What was measured, and how it is told: medians, ratios, a table for people and one in Markdown. */

import type { Machine } from './machine.ts';

/** Seconds of every run of one contender. */
export type Runs = readonly number[];

export interface WorkloadFigures {
  readonly workload: string;
  readonly n: number;
  /** By contender: `diffops`, `diffops, one worker`, `jax`, … */
  readonly seconds: Readonly<Record<string, Runs>>;
  /** Largest difference of the spot columns between diffops and JAX, over the largest entry. */
  readonly disagreement: number | null;
}

export interface Figures {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly workloads: readonly WorkloadFigures[];
}

export const best = (runs: Runs): number => Math.min(...runs);

export const median = (runs: Runs): number => {
  const sorted = [...runs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const digits = (seconds: number): string => seconds.toPrecision(3);
const cell = (runs: Runs | undefined): string => (runs ? `${digits(best(runs))} / ${digits(median(runs))}` : '');

/** How many times faster diffops was, by medians of runs taken in alternation. */
const ratio = (peer: Runs | undefined, own: Runs | undefined): string =>
  peer && own ? `${(median(peer) / median(own)).toPrecision(2)}×` : '';

const CONTENDERS = ['diffops', 'diffops, one worker', 'diffops, float64', 'diffops, first call', 'jax', 'zodiax'];

export const header = [
  'workload',
  'n',
  ...CONTENDERS,
  'JAX ÷ diffops',
  'zodiax ÷ first call',
  '1 ÷ all workers',
  'float64 ÷ float32',
];

export const row = ({ workload, n, seconds }: WorkloadFigures): string[] => [
  workload,
  String(n),
  ...CONTENDERS.map((name) => cell(seconds[name])),
  ratio(seconds.jax, seconds.diffops),
  ratio(seconds.zodiax, seconds['diffops, first call']),
  ratio(seconds['diffops, one worker'], seconds.diffops),
  ratio(seconds['diffops, float64'], seconds.diffops),
];

/** Columns padded to one width, for a terminal. */
export const asText = (rows: readonly (readonly string[])[]): string => {
  const widths = header.map((_, j) => Math.max(...rows.map((cells) => cells[j].length)));
  return rows.map((cells) => cells.map((text, j) => text.padEnd(widths[j])).join('  ')).join('\n');
};

export const asMarkdown = ({ date, machine, versions, workloads }: Figures): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const where = `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.simd}`;
  const with_ = Object.entries({ node: machine.node, ...versions }).map(([name, version]) => `${name} ${version}`);
  return [
    `A whole dense Hessian in float32, seconds, best / median of runs taken in alternation, ${date.slice(0, 10)}.`,
    `${where}; ${with_.join(', ')}.`,
    '',
    line(header),
    line(header.map(() => '---')),
    ...workloads.map((figures) => line(row(figures))),
    '',
  ].join('\n');
};
