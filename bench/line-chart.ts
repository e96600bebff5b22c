/** A line through points as SVG, both axes logarithmic. */

const [WIDTH, HEIGHT] = [760, 320];
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 30, 20, 50];
/** Readable on white and on black. */
const [LINE, TEXT, GRID] = ['#2f81f7', '#768390', '#76839055'];

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Powers of `base` that lie within the range. */
const ticks = (low: number, high: number, base: number): number[] => {
  const logOf = (value: number): number => Math.log(value) / Math.log(base);
  const [first, last] = [Math.ceil(logOf(low) - 1e-9), Math.floor(logOf(high) + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, k) => base ** (first + k));
};

const label = (x: number, y: number, value: string, rest = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${rest}>${value}</text>`;

export const lineChart = (points: readonly Point[], xTitle: string, yTitle: string): string => {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [y0, y1] = [Math.min(...ys) / 1.5, Math.max(...ys) * 1.5];
  const across = (x: number): number => LEFT + (Math.log(x / x0) / Math.log(x1 / x0)) * (WIDTH - LEFT - RIGHT);
  const up = (y: number): number => HEIGHT - BOTTOM - (Math.log(y / y0) / Math.log(y1 / y0)) * (HEIGHT - TOP - BOTTOM);
  const parts: string[] = [];
  for (const x of ticks(x0, x1, 2)) {
    const at = across(x).toFixed(1);
    parts.push(`<line x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="${GRID}"/>`);
    parts.push(label(across(x), HEIGHT - BOTTOM + 16, x >= 1 ? `${x}` : `1/${1 / x}`, 'text-anchor="middle"'));
  }
  for (const y of ticks(y0, y1, 2)) {
    const at = up(y).toFixed(1);
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="${GRID}"/>`);
    parts.push(label(LEFT - 8, up(y) + 4, `${y}`, 'text-anchor="end"'));
  }
  const path = points.map(({ x, y }) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`).join(' ');
  parts.push(`<polyline points="${path}" fill="none" stroke="${LINE}" stroke-width="2"/>`);
  for (const { x, y } of points) {
    parts.push(`<circle cx="${across(x).toFixed(1)}" cy="${up(y).toFixed(1)}" r="3.5" fill="${LINE}"/>`);
  }
  parts.push(label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, xTitle, 'text-anchor="middle"'));
  parts.push(label(LEFT, TOP - 6, yTitle, 'text-anchor="start"'));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${TEXT}">\n${parts.join('\n')}\n</svg>\n`;
};
