/**
 * `npm run bench -- large`: `examples/large-hessian.ts` in a process that is killed half way, and in another one that
 * takes it up, beside a plain file of as many bytes: what the disk gives.
 */

import { spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from './machine.ts';
import { table } from './table.ts';

const EXAMPLE = fileURLToPath(new URL('../examples/large-hessian.js', import.meta.url));
/** Of the file, at once. */
const PIECE = 2 ** 23;
const LOOK = 200;

/** Inputs of the example's network; its hidden layers are `units` wide. */
const INPUTS = 64;
const columnsOf = (units: number): number => units * units + (INPUTS + 3) * units + 1;

/** Seconds until so many bytes, written one after the other, are on the disk. */
const plainSeconds = (path: string, bytes: number): number => {
  const piece = new Uint8Array(PIECE).map((_, k) => k % 251);
  const began = performance.now();
  const file = openSync(path, 'w');
  for (let at = 0; at < bytes; at += PIECE) writeSync(file, piece, 0, Math.min(PIECE, bytes - at), at);
  fdatasyncSync(file);
  closeSync(file);
  const seconds = (performance.now() - began) / 1000;
  rmSync(path);
  return seconds;
};

/** The most memory that a process had, where /proc tells. */
const peakOf = (pid: number | undefined): number => {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
};

interface Ran {
  readonly seconds: number;
  readonly peak: number;
  /** Columns when it was first and last heard of. */
  readonly first: number;
  readonly last: number;
  readonly said: string;
}

/** Runs the example, until it has so many columns. */
const runExample = (out: string, units: number, killAt: number): Promise<Ran> =>
  new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, [EXAMPLE, out, String(units)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [said, first, last, peak] = ['', -1, 0, 0];
    const looking = setInterval(() => {
      peak = Math.max(peak, peakOf(child.pid));
    }, LOOK);
    child.stdout.on('data', (text) => {
      said += text;
    });
    child.stderr.on('data', (text) => {
      for (const [, columns] of String(text).matchAll(/^(\d+) of \d+ columns/gm)) {
        if (first < 0) first = Number(columns);
        last = Number(columns);
      }
      if (last >= killAt) child.kill('SIGKILL');
    });
    child.on('close', () => {
      clearInterval(looking);
      resolve({ seconds: (performance.now() - began) / 1000, peak, first, last, said });
    });
  });

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

export const main = async (args: string[]): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: {
      units: { type: 'string', default: '214' },
      folder: { type: 'string', default: 'output/large' },
      format: { type: 'string', default: 'npy' },
    },
  });
  const units = Number(values.units);
  const n = columnsOf(units);
  const bytes = 4 * n * n;
  mkdirSync(values.folder, { recursive: true });
  const out = join(values.folder, `H.${values.format}`);
  const { cpu, cores, memoryGiB, node } = machine();
  console.log(`${cpu}, ${cores} cores, ${memoryGiB} GiB, node ${node}`);
  console.log(`${n} columns in float32, ${gibibytes(bytes)}, to ${values.format}\n`);
  const plain = plainSeconds(join(values.folder, 'plain.bin'), bytes);
  const killed = await runExample(out, units, n / 2);
  const resumed = await runExample(out, units, Number.POSITIVE_INFINITY);
  const both = killed.seconds + resumed.seconds;
  const row = (what: string, seconds: number, columns: string, peak: string): string[] => {
    return [what, seconds.toFixed(1), columns, peak];
  };
  const rows = [
    row('plain file, synced', plain, '', ''),
    row('until SIGKILL', killed.seconds, `0 … ${killed.last}`, gibibytes(killed.peak)),
    row('resumed', resumed.seconds, `${resumed.first} … ${resumed.last}`, gibibytes(resumed.peak)),
    row('both, with planning and checks', both, '', ''),
  ];
  for (const line of table(['', 'seconds', 'columns', 'peak of the process'], rows, 0)) console.log(line);
  const rate = (seconds: number): string => `${(bytes / seconds / 1e6).toFixed(0)} MB/s`;
  console.log(`\n${rate(both)} of matrix against the disk's ${rate(plain)}\n\n${resumed.said}`);
  rmSync(out, { recursive: true, force: true });
};
