/**
 * One call in a fresh process, and what it adds to resident memory: prints the plan's estimate and the measured growth as
 * JSON. Arguments: a workload, and as JSON the options of its call and of the runtime.
 */

import { setTimeout } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { type Blocks, createRuntime, type Runtime } from '../src/index.ts';
import { peakBytes, resetPeak } from './high-water.ts';
import { workloads } from './workloads/index.ts';

/** Runs small problems of another kind, one on either engine, until every thread has had some of each. */
const warmUp = async (runtime: Runtime, workers: number): Promise<void> => {
  const inputs = tf.randomNormal([256, 16], 0, 0.3) as tf.Tensor2D;
  const layer = (h: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D => tf.tanh(tf.matMul(h, w));
  const problems = {
    native: { f: (v: tf.Tensor) => tf.sum(tf.pow(tf.sin(v), 3)), x: tf.fill([256], 0.5), nbatches: 256 },
    onnx: {
      f: (v: tf.Tensor) => tf.sum(tf.square(layer(layer(inputs, v as tf.Tensor2D), v as tf.Tensor2D))),
      x: tf.fill([16, 16], 0.1),
      nbatches: 16,
    },
  };
  for (const [engine, { f, x, nbatches }] of Object.entries(problems)) {
    const problem = await runtime.prepareHessian(f as never, x as never, { nbatches });
    if (!new RegExp(`× .* ${engine} `).test(String(problem.plan))) throw new Error(`this does not run on ${engine}`);
    const had = new Set<number>();
    for (let k = 0; k < 200 && (k < 3 || had.size < workers); k++) {
      const { report } = await problem.evaluate(x as never);
      for (const { threadId } of report.threads) had.add(threadId);
    }
    if (had.size < workers) throw new Error('some threads got nothing to warm up with');
    await problem.close();
  }
};

const [name, optionsText = '{}', workersText = '0'] = process.argv.slice(2);
await tf.setBackend('cpu');
const workers = Number(workersText);
const options = JSON.parse(optionsText);
const { f, x, matrix, columns } = workloads[name]();
const runtime = createRuntime(workers > 0 ? { workers } : {});
await warmUp(runtime, workers);
globalThis.gc?.();
await setTimeout(100);
const before = resetPeak();
let plan: unknown;
if (columns) {
  const blocks = runtime.hessianBlocks(f as never, x as never, options) as Blocks;
  for await (const _ of blocks);
  plan = await blocks.plan;
} else {
  const result = await (matrix === 'jacobian'
    ? runtime.jacobian(f as never, x as never, options)
    : runtime.hessian(f as never, x as never, options));
  plan = result.report;
}
const measured = peakBytes() - before;
const { estimatedPeakBytes, workers: used } = plan as { estimatedPeakBytes: number; workers: number };
console.log(JSON.stringify({ measured, estimated: estimatedPeakBytes, workers: used, text: String(plan) }));
await runtime.close();
