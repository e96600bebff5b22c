/**
 * What long programs take before they run: `npm run bench -- scale`. Functions of 1 000, 5 000 and 20 000 operations are
 * recorded, planned, compiled and loaded, and a program that takes more than its length is seen in the last columns. The
 * processor time is that of all threads, V8's and the engine's among them; other processes add little to it.
 */

import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import type { Executable } from '../src/compile/executable.ts';
import { loadArtifact, loadEngine } from '../src/compile/load.ts';
import { compileAll, type Problem, poseProblem } from '../src/problem.ts';
import { flattenTree } from '../src/pytree.ts';
import { type RecordedFunction, record } from '../src/trace/record.ts';
import { table } from './table.ts';

interface Subject {
  readonly x: unknown;
  readonly f: RecordedFunction;
}

type Weights = Readonly<Record<'w' | 'b', tf.Tensor>>;

const repeated = (count: number, step: (y: tf.Tensor, k: number) => tf.Tensor, start: tf.Tensor): tf.Tensor => {
  let y = start;
  for (let k = 0; k < count; k++) y = step(y, k);
  return y;
};

const weights = (inputs: number, outputs: number): Weights => ({
  w: tf.randomNormal([inputs, outputs], 0, 0.3),
  b: tf.zeros([outputs]),
});

/** Functions of about so many operations. */
const SHAPES: Readonly<Record<string, (operations: number) => Subject>> = {
  'elementwise chain': (operations) => ({
    x: tf.randomNormal([16]),
    f: (x: tf.Tensor) => tf.sum(repeated(operations / 2, (y) => tf.sin(tf.mul(y, x)), x)),
  }),
  'recurrent, shared weights': (operations) => ({
    x: weights(16, 16),
    f: ({ w, b }: Weights) =>
      tf.sum(repeated(operations / 3, (h) => tf.tanh(tf.add(tf.matMul(h, w), b)), tf.ones([8, 16]))),
  }),
  'deep, own weights': (operations) => {
    const layers = Array.from({ length: Math.round(operations / 3) }, () => weights(4, 4));
    return {
      x: layers,
      f: (x: readonly Weights[]) =>
        tf.sum(repeated(x.length, (h, k) => tf.tanh(tf.add(tf.matMul(h, x[k].w), x[k].b)), tf.ones([8, 4]))),
    };
  },
  'many terms, own constants': (operations) => ({
    x: tf.randomNormal([1]),
    f: (x: tf.Tensor) =>
      repeated(operations / 3, (sum, k) => tf.add(sum, tf.sin(tf.mul(x, 0.1 + 1.37 * k))), tf.scalar(0)),
  }),
};

const SIZES = [1000, 5000, 20_000];

const milliseconds = (run: () => void): number => {
  const start = performance.now();
  run();
  return performance.now() - start;
};

/** Milliseconds of loading each program into its engine. */
const loading = async ({ parts: [{ artifacts }] }: Problem): Promise<number> => {
  const start = performance.now();
  const loaded: Executable[] = [];
  for (const artifact of artifacts) loaded.push(await loadArtifact(artifact, { threads: 1 }));
  const taken = performance.now() - start;
  for (const executable of loaded) await executable.dispose();
  return taken;
};

/** Milliseconds of recording alone, the best of some. */
const recording = ({ x, f }: Subject, runs: number): number => {
  const flat = flattenTree(x, { name: 'x', finite: true, differentiated: true });
  const taken = Array.from({ length: runs }, () => milliseconds(() => record(f, flat, undefined, 'float32')));
  return Math.min(...taken);
};

export const main = async (): Promise<void> => {
  await loadEngine();
  const network = SHAPES['deep, own weights'](150);
  const long = SHAPES['elementwise chain'](10_000);
  console.log(`recording a network of 50 layers, warm: ${recording(network, 200).toFixed(1)} ms`);
  console.log(`recording 10 000 operations, warm: ${recording(long, 20).toFixed(0)} ms`);
  const rows: string[][] = [];
  for (const [name, subject] of Object.entries(SHAPES)) {
    for (const size of SIZES) {
      const { x, f } = subject(size);
      const before = process.cpuUsage();
      const problem = compileAll(poseProblem('hessian', f, x, {}, 'blocks'));
      const load = await loading(problem);
      const { user, system } = process.cpuUsage(before);
      const { recording, planned, phases } = problem;
      const programs = [...planned.groups.map((group) => group.program), ...(planned.point ? [planned.point] : [])];
      const equations = programs.reduce((sum, program) => sum + program.equations.length, 0);
      const perEquation = (ms: number): string => ((1000 * ms) / equations).toFixed(1);
      rows.push([
        String(recording.program.equations.length),
        String(planned.facts.n),
        String(planned.groups.length),
        String(equations),
        ...[phases.record, phases.transform, phases.compile, load].map((ms) => ms.toFixed(0)),
        perEquation(phases.transform + phases.compile + load),
        ((user + system) / 1e6).toFixed(1),
        name,
      ]);
      console.error(rows.at(-1)?.join('  '));
    }
  }
  const head = [
    'equations',
    'n',
    'groups',
    'planned',
    'record ms',
    'transform ms',
    'compile ms',
    'load ms',
    'µs each',
    'processor s',
    'function',
  ];
  console.log('columns of the Hessian of functions of 1 000, 5 000 and 20 000 operations, until it could run:');
  console.log(table(head, rows, 10).join('\n'));
};
