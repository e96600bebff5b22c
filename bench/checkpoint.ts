/**
 * What recomputing saves and costs: `npm run bench -- checkpoint`. A network of 60 layers whose intermediates are what
 * takes memory (`test/children/deep-network.mjs`): for each share that is recomputed, what the point and a tile add to a
 * fresh process at most, and processor time of a tile, the fastest of rounds that are taken in turns.
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { results, root } from './places.ts';
import { table } from './table.ts';

interface Measured {
  readonly peak: number;
  readonly flops: number;
  readonly milliseconds: number;
}

const SHARES = [0, 0.25, 0.5, 0.75, 1];
const KINDS = ['hessian', 'forward', 'reverse'] as const;
const ENGINES = ['onnx', 'native'] as const;
const ROUNDS = 2;
/** A value of a layer has 1 MiB, one of a tile 8. */
const SIZE = { samples: 16_384, width: 16, tiles: 1, runs: 2 };

const measure = (kind: string, engine: string, recomputed: number): Measured => {
  const asked = JSON.stringify({ kind, engine, recomputed, ...SIZE });
  const args = ['--expose-gc', `${root}test/children/deep-network.mjs`, `${root}dist/src`, asked];
  const printed = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(printed.trim().split('\n').at(-1) as string);
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

export const main = (): void => {
  const figures = [];
  const rows: string[][] = [];
  for (const kind of KINDS) {
    for (const engine of ENGINES) {
      const rounds = Array.from({ length: ROUNDS }, () => SHARES.map((share) => measure(kind, engine, share)));
      const none = Math.min(...rounds.map(([first]) => first.milliseconds));
      for (const [k, share] of SHARES.entries()) {
        const own = rounds.map((round) => round[k]);
        const peak = median(own.map((measured) => measured.peak));
        const milliseconds = Math.min(...own.map((measured) => measured.milliseconds));
        figures.push({ kind, engine, share, peak, milliseconds, flops: own[0].flops });
        const cells = [
          String(share),
          (peak / 2 ** 20).toFixed(0),
          milliseconds.toFixed(0),
          (milliseconds / none).toFixed(2),
          (own[0].flops / 1e9).toFixed(0),
          engine,
          kind,
        ];
        rows.push(cells);
        console.error(cells.join('  '));
      }
    }
  }
  console.log(table(['share', 'MiB', 'ms a tile', '÷ none', 'GFLOP', 'engine', 'matrix'], rows, 5).join('\n'));
  writeFileSync(`${results}checkpoint.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
};
