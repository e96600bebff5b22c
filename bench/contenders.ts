/** The ways in which diffops is timed: prepared and called again, on one or all cores, in either precision. */

import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DEVICES } from '../src/device-traits.ts';
import { type Block, type Blocks, createRuntime, type Matrix, type Runtime } from '../src/index.ts';
import type { Columns } from './peers.ts';
import type { Workload } from './workloads/workload.ts';

export const CORES = cpus().length;

type Precision = 'float32' | 'float64';
export type TimedDevice = 'cpu' | 'tensorflow';

export interface Timed {
  readonly seconds: number;
  /** The spot columns by their index. */
  readonly columns: Columns;
}

export interface Contender {
  readonly name: string;
  run(spots: readonly number[]): Promise<Timed>;
  close(): Promise<void>;
}

/** Workers that a contender has: as many as a user's call, which on the CPU is one per core for all that is timed here. */
const workersOn = (device: TimedDevice): number =>
  device === 'cpu' ? CORES : (DEVICES[device].unasked?.workers ?? CORES);

/** What a loop over points pays per point: a problem prepared on a runtime of its own, or a stream that is called again. */
export const contender = async (
  workload: Workload,
  name: string,
  {
    precision = 'float32',
    device = 'cpu',
    workers = workersOn(device),
  }: { workers?: number; precision?: Precision; device?: TimedDevice } = {},
): Promise<Contender> => {
  const runtime = createRuntime({ workers, device });
  const run = await (workload.columns ? streamed : prepared)(workload, runtime, precision);
  await run([]); // threads, sessions and pages are there from here on
  return {
    name,
    run: async (spots) => {
      await collect();
      return run(spots);
    },
    close: () => runtime.close(),
  };
};

/**
 * Lets go of results that nobody holds any more, before the clock starts: Python does so at once, and here one contender
 * would pay for another's. Needs `--expose-gc`.
 */
const collect = async (): Promise<void> => {
  globalThis.gc?.();
  // Buffers are freed by a thread of their own.
  await setTimeout(20);
};

const prepared = async (
  { f, x, n, matrix }: Workload,
  runtime: Runtime,
  precision: Precision,
): Promise<Contender['run']> => {
  const options = { precision };
  const problem = await (matrix === 'jacobian'
    ? runtime.prepareJacobian(f as never, x as never, options)
    : runtime.prepareHessian(f as never, x as never, options));
  return async (spots) => {
    const start = performance.now();
    const result = await problem.evaluate(x as never);
    const seconds = (performance.now() - start) / 1000;
    const whole = ('H' in result ? result.H : result.J) as Matrix;
    const rows = whole.data.length / n;
    const column = (j: number): number[] => Array.from({ length: rows }, (_, i) => whole.get(i, j));
    return { seconds, columns: Object.fromEntries(spots.map((j) => [j, column(j)])) };
  };
};

/**
 * Milliseconds until the first columns of a matrix that is never held have come; blocks are whole, so what comes beyond
 * them is taken off.
 */
export const firstColumns = async (
  call: () => Blocks,
  wanted: number,
  spots: readonly number[] = [],
): Promise<{ ms: number; columns: Columns }> => {
  const columns: Record<string, number[]> = {};
  const start = performance.now();
  let ms = 0;
  let done = 0;
  for await (const block of call()) {
    const [from, to] = block.columns;
    done += to - from;
    ms = performance.now() - start;
    for (const j of spots.filter((spot) => spot >= from && spot < to)) columns[j] = columnOf(block, j);
    if (done >= wanted) break;
  }
  return { ms: (ms * wanted) / done, columns };
};

const columnOf = ({ columns: [from, to], rows: [first, limit], data }: Block, j: number): number[] =>
  Array.from({ length: limit - first }, (_, i) => data[i * (to - from) + j - from]);

const streamed =
  async ({ f, x, columns: wanted = 0 }: Workload, runtime: Runtime, precision: Precision): Promise<Contender['run']> =>
  async (spots) => {
    const call = (): Blocks => runtime.hessianBlocks(f as never, x as never, { precision });
    const { ms, columns } = await firstColumns(call, wanted, spots);
    return { seconds: ms / 1000, columns };
  };

/** Seconds of the first call in a fresh process: record, transform, compile and run. */
export const firstCall = (workload: string, device: TimedDevice): number => {
  const script = fileURLToPath(new URL('./first-call.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [script, workload, String(workersOn(device)), device],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`the first call of ${workload} on ${device} failed: ${stderr}`);
  return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { ms: number }).ms / 1000;
};
