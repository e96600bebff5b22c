/** The ways in which diffops is timed: prepared and called again, on one or all cores, in either precision. */

import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createRuntime, type Matrix, type Report } from '../src/index.ts';
import type { Workload } from './workloads/workload.ts';

export const CORES = cpus().length;

export interface Timed {
  readonly seconds: number;
  readonly matrix: Matrix;
  readonly report: Report;
}

export interface Contender {
  readonly name: string;
  run(): Promise<Timed>;
  close(): Promise<void>;
}

/** A prepared problem on a runtime of its own: what a Newton loop pays per point. */
export const prepared = async (
  { f, x }: Workload,
  name: string,
  { workers = CORES, precision = 'float32' }: { workers?: number; precision?: 'float32' | 'float64' } = {},
): Promise<Contender> => {
  const runtime = createRuntime({ workers });
  const problem = await runtime.prepareHessian(f as never, x as never, { precision });
  await problem.evaluate(x as never); // threads, sessions and pages are there from here on
  return {
    name,
    run: async () => {
      const start = performance.now();
      const { H, report } = await problem.evaluate(x as never);
      return { seconds: (performance.now() - start) / 1000, matrix: H, report };
    },
    close: () => runtime.close(),
  };
};

/** Seconds of the first call in a fresh process: record, transform, compile and run. */
export const firstCall = (workload: string): number => {
  const script = fileURLToPath(new URL('./first-call.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, workload, String(CORES)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the first call of ${workload} failed: ${stderr}`);
  return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { ms: number }).ms / 1000;
};
