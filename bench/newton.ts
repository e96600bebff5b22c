/**
 * What a Newton loop pays beside its arithmetic: `npm run bench -- newton`. A problem of 50 unknowns is prepared once and
 * evaluated at 100 points, which should take at most 2 ms each; and hessian(f, x) is called again with an equal
 * program, which should neither plan nor compile anything again.
 */

import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { type Phases, prepareHessian, hessian as wholeHessian } from '../src/index.ts';
import { Draw } from './draw.ts';
import { best, median } from './figures.ts';
import { table } from './table.ts';
import { UsageError } from './usage.ts';

const POINTS = 100;
const SAMPLES = 200;

interface Loop {
  readonly name: string;
  readonly n: number;
  readonly f: (x: never) => tf.Tensor;
  readonly start: unknown;
}

/** Logistic regression with a ridge. */
const logistic = (): Loop => {
  const d = new Draw(21);
  const inputs = d.tensor([SAMPLES, 50]);
  const labels = tf.sign(d.tensor([SAMPLES]));
  const f = (w: tf.Tensor): tf.Tensor => {
    const margins = tf.mul(labels, tf.squeeze(tf.matMul(inputs, tf.reshape(w, [50, 1])), [1]));
    return tf.add(tf.mean(tf.softplus(tf.neg(margins))), tf.mul(0.01, tf.sum(tf.square(w))));
  };
  return { name: 'logistic regression', n: 50, f, start: d.tensor([50], 0.1) };
};

/** 3-9-1 tanh with a linear way past the hidden layer, and a scale. */
const network = (): Loop => {
  const d = new Draw(22);
  const inputs = d.tensor([SAMPLES, 3]);
  const labels = d.tensor([SAMPLES, 1]);
  const start = {
    w1: d.tensor([3, 9], 0.5),
    b1: d.tensor([9], 0.1),
    w2: d.tensor([9, 1], 0.5),
    b2: d.tensor([1], 0.1),
    skip: d.tensor([3, 1], 0.1),
    scale: d.tensor([1], 0.1),
  };
  const f = (x: Record<keyof typeof start, tf.Tensor>): tf.Tensor => {
    const h = tf.tanh(tf.add(tf.matMul(inputs, x.w1), x.b1));
    const y = tf.add(tf.add(tf.matMul(h, x.w2), tf.matMul(inputs, x.skip)), x.b2);
    return tf.mean(tf.square(tf.sub(tf.mul(tf.exp(x.scale), y), labels)));
  };
  return { name: '3-9-1 network', n: 50, f, start };
};

/** The point a step further: what is evaluated there doesn't matter, as long as it is new. */
const moved = (start: unknown, step: number): unknown => {
  if (start instanceof tf.Tensor) return tf.add(start, 1e-3 * step);
  return Object.fromEntries(Object.entries(start as object).map(([key, leaf]) => [key, moved(leaf, step)]));
};

const phasesOf = (phases: Phases): string =>
  Object.entries(phases)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
    .join(', ');

const HEAD = ['median ms', 'fastest', 'slowest', 'the first', 'slowest of the rest', 'precision', 'problem'];

const measure = async ({ name, f, start }: Loop, precision: 'float32' | 'float64'): Promise<string[]> => {
  const points = Array.from({ length: POINTS }, (_, k) => moved(start, k));
  const problem = await prepareHessian(f as never, start as never, { precision });
  const took: number[] = [];
  for (const point of points) {
    const began = performance.now();
    await problem.evaluate(point as never);
    took.push(performance.now() - began);
  }
  await problem.close();
  const [first, ...rest] = took;
  const numbers = [median(took), best(took), Math.max(...took), first, Math.max(...rest)];
  return [...numbers.map((ms) => ms.toFixed(2)), precision, name];
};

export const main = async (args: readonly string[] = []): Promise<void> => {
  if (args.length > 0) throw new UsageError(`newton takes no arguments, got ${args.join(' ')}`);
  await tf.setBackend('cpu');
  const rows: string[][] = [];
  for (const loop of [logistic(), network()]) {
    const first = await wholeHessian(loop.f as never, loop.start as never);
    // A closure of its own: equal programs are found by their structure.
    const again = await wholeHessian(((x: never) => loop.f(x)) as never, moved(loop.start, 1) as never);
    console.log(`  ${loop.name}, hessian(f, x): ${phasesOf(first.report.phases)} ms, ${first.report.workers} workers`);
    console.log(`  ${loop.name}, called again:  ${phasesOf(again.report.phases)} ms`);
    for (const precision of ['float32', 'float64'] as const) rows.push(await measure(loop, precision));
  }
  console.log(table(HEAD, rows, 5).join('\n'));
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
