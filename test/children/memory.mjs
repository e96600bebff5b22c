/** One call in a process of its own, and what it adds to resident memory. Arguments: the built entry, a problem, options. */

import { setTimeout } from 'node:timers/promises';
import { peakBytes, resetPeak } from './high-water.mjs';

const [entry, name, text] = process.argv.slice(2);
const tf = await import('@tensorflow/tfjs');
const { createRuntime } = await import(entry);
/**
 * `blocks`: streamed, each held for so many ms by `pace`; `evaluations`: of a prepared problem, each result dropped;
 * `least`: under the limit that a refusal says would do; `cold`: by the first call of the process.
 */
const {
  workers,
  blocks = false,
  pace = 0,
  evaluations = 0,
  least = false,
  cold = false,
  ...options
} = JSON.parse(text);

const network = (samples, widths) => {
  const inputs = tf.randomNormal([samples, widths[0]], 0, 1, 'float32', 1);
  const x = widths.slice(1).map((width, k) => tf.randomNormal([widths[k], width], 0, 0.3, 'float32', 2 + k));
  const f = (layers) => tf.mean(tf.square(layers.reduce((h, w) => tf.tanh(tf.matMul(h, w)), inputs)));
  return { f, x };
};
const problems = {
  /** Products, on ONNX Runtime; large residuals. */
  network: () => network(8192, [8, 40, 40, 1]),
  /** Loops, on native code; a large dense result. */
  chain: () => ({ f: (v) => tf.sum(tf.exp(tf.mul(tf.sin(v), tf.sum(tf.square(v))))), x: tf.fill([4000], 0.01) }),
  /** Whole columns of 44 KiB, and little else. */
  columns: () => ({ f: (v) => tf.sum(tf.mul(tf.sum(tf.square(v)), tf.sum(tf.sin(v)))), x: tf.fill([11_000], 0.5) }),
  /** Only a page of each line is written. */
  bands: () => ({
    f: (v) => tf.sum(tf.square(tf.sub(v.slice(1), tf.square(v.slice(0, 5999))))),
    x: tf.fill([6000], 0.1),
  }),
};

const runtime = createRuntime(workers === undefined ? {} : { workers });
// Threads, recorder and engines are up before anything is measured: small problems of another kind, one for each engine,
// until every thread has had some of each.
const warm = network(256, [16, 16, 1]);
const small = [
  () => runtime.hessian(warm.f, warm.x, { nbatches: 16 }),
  () => runtime.hessian((v) => tf.sum(tf.pow(tf.sin(v), 3)), tf.fill([256], 0.5), { nbatches: 256 }),
];
for (const run of cold ? [] : small) {
  const had = new Set();
  for (let k = 0; k < 4 || (k < 200 && had.size < (workers ?? 0)); k++) {
    for (const { threadId } of (await run()).report.threads) had.add(threadId);
  }
}
const { f, x } = problems[name]();
if (least) {
  const refuse = () => runtime.prepareHessian(f, x, { ...options, memoryLimit: 1 });
  options.memoryLimit = await refuse().catch(({ fields }) => fields.needed);
}
globalThis.gc();
await setTimeout(100);
const before = resetPeak();
let plan;
/** The most after each block. */
const peaks = [];
if (blocks) {
  const stream = runtime.hessianBlocks(f, x, options);
  for await (const _ of stream) {
    if (pace > 0) await setTimeout(pace);
    peaks.push(peakBytes() - before);
  }
  plan = await stream.plan;
} else if (evaluations > 0) {
  const problem = await runtime.prepareHessian(f, x, options);
  for (let k = 0; k < evaluations; k++) await problem.evaluate(x);
  plan = problem.plan;
} else plan = (await runtime.hessian(f, x, options)).report;
const measured = peakBytes() - before;
await runtime.close();
console.log(
  JSON.stringify({
    measured,
    estimated: plan.estimatedPeakBytes,
    text: String(plan),
    peaks,
    limit: options.memoryLimit,
  }),
);
