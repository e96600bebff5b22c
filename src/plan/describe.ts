/** The groups of a plan as a table for people: what was chosen for each, at what price, and against what. */

import type { DeviceName } from '../device-traits.ts';
import type { Program } from '../ir/program.ts';
import { type CompiledEngine, cheaperEngine } from './engines.ts';
import { formatBytes, formatCount } from './format.ts';
import type { Prices, Way } from './prices.ts';

/** More lines than this are not read: the groups that take least are counted together. */
const MOST_LINES = 16;

const HEADER = ['group', 'seeds', 'tiles', 'program', 'engine', 'FLOP', 'moved', 'nodes', 'µs/seed', 'instead of'];

/** What is told of a plan. */
interface Described {
  readonly point: Program | null;
  readonly pointEngine: CompiledEngine;
  readonly groups: readonly {
    readonly first: number;
    readonly limit: number;
    readonly width: number;
    readonly engine: CompiledEngine;
  }[];
  readonly prices: readonly Prices[];
  readonly facts: { readonly recomputed: number; readonly device: DeviceName };
}

/** Neighbouring groups that differ in nothing but their seeds. */
interface Line {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly limit: number;
  readonly tiles: number;
  readonly width: number;
  /** The columns from `program` on. */
  readonly figures: readonly string[];
  /** Predicted, of all its groups' tiles. */
  readonly nanoseconds: number;
}

const microseconds = (nanoseconds: number): string => String(Number((nanoseconds / 1000).toPrecision(3)));

const describeWay = ({ shaping, width, nanoseconds, fits }: Way, chosen: Way): string => {
  const remarks = [...(width === chosen.width ? [] : [`${width} wide`]), ...(fits ? [] : ['too large'])];
  return `${shaping} ${microseconds(nanoseconds)}${remarks.length > 0 ? ` (${remarks.join(', ')})` : ''}`;
};

const linesOf = ({ groups, prices }: Described): Line[] => {
  const lines: Line[] = [];
  for (const [k, { first, limit, width, engine }] of groups.entries()) {
    const price = prices[k];
    const { shaping, flops, bytes, nodes, nanoseconds, against } = price;
    const tiles = Math.ceil((limit - first) / width);
    const line: Line = {
      from: k,
      to: k,
      first,
      limit,
      tiles,
      width,
      figures: [
        shaping,
        engine,
        formatCount(flops).trimEnd(),
        formatBytes(bytes),
        String(nodes),
        microseconds(nanoseconds),
        against.map((way) => describeWay(way, price)).join(', '),
      ],
      nanoseconds: nanoseconds * (limit - first),
    };
    const before = lines.at(-1);
    if (before && before.width === width && before.figures.every((text, i) => text === line.figures[i])) {
      const joined = { to: k, limit, tiles: before.tiles + tiles, nanoseconds: before.nanoseconds + line.nanoseconds };
      lines[lines.length - 1] = { ...before, ...joined };
    } else lines.push(line);
  }
  return lines;
};

/** Lines of a table, each column as wide as its widest cell; numbers stand at the right. */
const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const isNumber = (i: number): boolean => i >= 5 && i <= 8;
  return rows.map((row) =>
    row
      .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
};

/** What the plan computes at the point and per tile. FLOP, bytes moved and nodes are a tile's, all prices predictions. */
export const describeGroups = (planned: Described): string[] => {
  const { point, pointEngine, facts } = planned;
  const notes: string[] = [];
  if (point) {
    const { nanoseconds } = cheaperEngine(point, { device: facts.device, native: pointEngine === 'native' });
    const counts = `${point.equations.length} equations, ${point.outputs.length} residuals`;
    notes.push(`  point      ${counts}, ${microseconds(nanoseconds)} µs on ${pointEngine}`);
  }
  if (facts.recomputed > 0) notes.push(`  recomputed ${facts.recomputed} equations per tile`);
  const lines = linesOf(planned);
  if (lines.length === 0) return notes;
  const dearest = new Set([...lines].sort((a, b) => b.nanoseconds - a.nanoseconds).slice(0, MOST_LINES));
  const shown = lines.filter((line) => dearest.has(line));
  const rows = shown.map(({ from, to, first, limit, tiles, width, figures }) => [
    from === to ? `${from}` : `${from}–${to}`,
    `${first}…${limit - 1}`,
    `${tiles} × ${width}`,
    ...figures,
  ]);
  const left = lines.filter((line) => !dearest.has(line));
  if (left.length > 0) {
    const groups = left.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const time = left.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
    notes.push(`  not shown  ${groups} cheaper groups, ${microseconds(time)} µs together`);
  }
  return [...notes, ...table([HEADER, ...rows]).map((line) => `  ${line}`)];
};
