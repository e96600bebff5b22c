/** What was measured, and the ratios that are told of it. */

import type { Machine } from './machine.ts';

/** Seconds of every run of one contender. */
export type Runs = readonly number[];

export interface WorkloadFigures {
  readonly workload: string;
  readonly about: string;
  readonly matrix: 'hessian' | 'jacobian';
  /** Columns of the matrix, and how many of them were timed. */
  readonly n: number;
  readonly columns: number;
  /** By contender: `diffops`, `diffops, one worker`, `jax`, … */
  readonly seconds: Readonly<Record<string, Runs>>;
  /** Seconds that JAX took to compile its matrix by hand, which is no part of its runs. */
  readonly jaxCompiled: number | null;
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

/** Three significant digits, never with an exponent. */
export const digits = (value: number): string => String(Number(value.toPrecision(3)));

/** `4.8×`, `23×`. */
export const times = (value: number): string => `${value < 10 ? value.toPrecision(2) : Math.round(value)}×`;

export interface Ratio {
  readonly title: string;
  /** Contenders: how many times `over` took the time of `under`. */
  readonly over: string;
  readonly under: string;
}

export const RATIOS = [
  { title: 'JAX ÷ diffops', over: 'jax', under: 'diffops' },
  { title: 'zodiax ÷ diffops', over: 'zodiax', under: 'diffops' },
  { title: 'first calls: zodiax ÷ diffops', over: 'zodiax, first call', under: 'diffops, first call' },
  { title: '1 ÷ all workers', over: 'diffops, one worker', under: 'diffops' },
  { title: 'float64 ÷ float32', over: 'diffops, float64', under: 'diffops' },
  { title: 'restricted JAX ÷ diffops', over: 'jax, restricted', under: 'diffops' },
  { title: 'tensorflow ÷ diffops', over: 'diffops, tensorflow', under: 'diffops' },
  {
    title: 'first calls: tensorflow ÷ diffops',
    over: 'tensorflow, first call',
    under: 'diffops, first call',
  },
  { title: 'tensorflow, 1 ÷ all workers', over: 'diffops, tensorflow', under: 'tensorflow, all cores' },
  { title: 'torch ÷ diffops', over: 'torch', under: 'diffops' },
] as const satisfies readonly Ratio[];

/** A ratio of runs taken in alternation, by what `of` makes of them; undefined where one of the two didn't run. */
export const ratioOf = (
  { seconds }: WorkloadFigures,
  { over, under }: Ratio,
  of: (runs: Runs) => number,
): number | undefined => (seconds[over] && seconds[under] ? of(seconds[over]) / of(seconds[under]) : undefined);
