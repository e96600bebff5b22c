/** Figures as tables: all of them for a terminal and for Markdown, and the few that the README shows. */

import {
  best,
  digits,
  type Figures,
  median,
  RATIOS,
  type Ratio,
  type Runs,
  ratioOf,
  times,
  type WorkloadFigures,
} from './figures.ts';

const CONTENDERS = [
  'diffops',
  'diffops, one worker',
  'diffops, float64',
  'diffops, first call',
  'diffops, tensorflow',
  'tensorflow, all cores',
  'tensorflow, first call',
  'jax',
  'jax, restricted',
  'zodiax',
  'zodiax, first call',
  'torch',
];

const seconds = (runs: Runs | undefined): string => (runs ? `${digits(best(runs))} / ${digits(median(runs))}` : '');

const ratio = (figures: WorkloadFigures, which: Ratio): string => {
  const [least, middle] = [ratioOf(figures, which, best), ratioOf(figures, which, median)];
  return least === undefined || middle === undefined ? '' : `${times(least)} / ${times(middle)}`;
};

const columns = ({ n, columns: timed }: WorkloadFigures): string => (timed < n ? `${timed} of ${n}` : String(n));

export const header = ['workload', 'columns', ...CONTENDERS, 'jax, compiling', ...RATIOS.map(({ title }) => title)];

export const row = (figures: WorkloadFigures): string[] => [
  figures.workload,
  columns(figures),
  ...CONTENDERS.map((name) => seconds(figures.seconds[name])),
  figures.jaxCompiled === null ? '' : digits(figures.jaxCompiled),
  ...RATIOS.map((which) => ratio(figures, which)),
];

/** Columns padded to one width, for a terminal. */
export const asText = (rows: readonly (readonly string[])[]): string => {
  const widths = header.map((_, j) => Math.max(...rows.map((cells) => cells[j].length)));
  return rows.map((cells) => cells.map((text, j) => text.padEnd(widths[j])).join('  ')).join('\n');
};

const markdown = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

/** Where and with what the figures were taken. */
export const provenance = ({ date, machine, versions }: Figures): string => {
  const where = `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.simd}`;
  const tools = Object.entries({ node: machine.node, ...versions }).map(([name, version]) => `${name} ${version}`);
  return `${date.slice(0, 10)}; ${where}; ${tools.join(', ')}.`;
};

export const asMarkdown = (figures: Figures): string =>
  [
    'A whole dense matrix in float32, seconds and ratios, each as best / median of runs taken in alternation.',
    provenance(figures),
    '',
    ...markdown(header, figures.workloads.map(row)),
    '',
  ].join('\n');

const milliseconds = (runs: Runs | undefined): string => (runs ? digits(1000 * median(runs)) : '');

/** The README's table: medians, in milliseconds. */
export const asSummary = (figures: Figures): string => {
  const head = [
    '',
    'what',
    'columns',
    'diffops',
    'JAX by hand',
    'zodiax',
    'JAX ÷ diffops',
    'first calls: zodiax ÷ diffops',
  ];
  const [byHand, , firstCall] = RATIOS;
  const rows = figures.workloads.map((w) => [
    `\`${w.workload}\``,
    w.about,
    columns(w),
    ...['diffops', 'jax', 'zodiax'].map((name) => milliseconds(w.seconds[name])),
    ...[byHand, firstCall].map((which) => {
      const value = ratioOf(w, which, median);
      return value === undefined ? '' : times(value);
    }),
  ]);
  return markdown(head, rows).join('\n');
};
