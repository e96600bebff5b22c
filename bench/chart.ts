/** The chart of the ratios as SVG: two bars per workload on a logarithmic axis, Hessians and Jacobians apart. */

import { type Figures, median, RATIOS, ratioOf, times, type WorkloadFigures } from './figures.ts';

const WIDTH = 760;
const LEFT = 110;
const RIGHT = 60;
const BAR = 11;
const ROW = 2 * BAR + 12;
const TITLE = 30;
/** Readable on white and on black. */
const [HAND, ZODIAX, TEXT, GRID] = ['#2f81f7', '#d29922', '#768390', '#76839055'];

const SERIES = [
  { ratio: RATIOS[0], colour: HAND, label: 'JAX by hand, compiled before, against diffops prepared before' },
  { ratio: RATIOS[2], colour: ZODIAX, label: 'first calls: zodiax against diffops' },
];

const text = (x: number, y: number, value: string, rest = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${rest}>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;

const line = (x: number, from: number, to: number, rest: string): string =>
  `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${from}" y2="${to}" ${rest}/>`;

/** Bars go from 1, where neither is ahead: to the right where diffops is faster, to the left where it is slower. */
export const chart = (figures: Figures): string => {
  const values = figures.workloads.flatMap((w) => SERIES.map(({ ratio }) => ratioOf(w, ratio, median) ?? 1));
  const low = Math.min(0.5, ...values.map((v) => v / 1.1));
  const high = Math.max(10, ...values);
  const scale = (WIDTH - LEFT - RIGHT) / Math.log(high / low);
  const at = (value: number): number => LEFT + Math.log(value / low) * scale;

  const parts: string[] = [];
  let y = 10;
  for (const { colour, label } of SERIES) {
    parts.push(`<rect x="${LEFT}" y="${y}" width="${BAR}" height="${BAR}" fill="${colour}"/>`);
    parts.push(text(LEFT + BAR + 6, y + BAR - 1, label));
    y += BAR + 7;
  }
  const top = y + 4;
  const rowOf = (w: WorkloadFigures): void => {
    parts.push(text(LEFT - 10, y + ROW / 2 + 1, w.workload, 'text-anchor="end"'));
    for (const [k, { ratio, colour }] of SERIES.entries()) {
      const value = ratioOf(w, ratio, median);
      if (value === undefined) continue;
      const [from, to] = [at(Math.min(1, value)), at(Math.max(1, value))];
      const above = y + 4 + k * (BAR + 1);
      const width = Math.max(1, to - from).toFixed(1);
      parts.push(`<rect x="${from.toFixed(1)}" y="${above}" width="${width}" height="${BAR}" fill="${colour}"/>`);
      parts.push(text(to + 4, above + BAR - 1.5, times(value), 'font-size="10"'));
    }
    y += ROW;
  };
  for (const matrix of ['hessian', 'jacobian'] as const) {
    const rows = figures.workloads.filter((w) => w.matrix === matrix);
    if (rows.length === 0) continue;
    parts.push(text(LEFT, y + TITLE - 9, matrix === 'hessian' ? 'Hessians' : 'Jacobians', 'font-weight="bold"'));
    y += TITLE;
    rows.forEach(rowOf);
  }
  const grid = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    .filter((tick) => tick >= low && tick <= high)
    .map((tick) => {
      const stroke = tick === 1 ? `stroke="${TEXT}"` : `stroke="${GRID}"`;
      return line(at(tick), top, y, stroke) + text(at(tick), y + 15, `${tick}×`, 'text-anchor="middle"');
    });
  const height = y + 42;
  const caption = text((LEFT + WIDTH - RIGHT) / 2, y + 34, 'how many times faster diffops is', 'text-anchor="middle"');
  const style = `font-family="system-ui, sans-serif" font-size="12" fill="${TEXT}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ${style}>`,
    '<title>How many times faster diffops is than JAX by hand and than zodiax</title>',
    ...grid,
    ...parts,
    caption,
    '</svg>',
    '',
  ].join('\n');
};
