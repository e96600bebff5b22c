/** Joins a cgroup, then computes a Hessian that would take more memory than that has: under the default limit, and under one given. */

import { writeFileSync } from 'node:fs';

const [entry, procs] = process.argv.slice(2);
writeFileSync(procs, String(process.pid));
const tf = await import('@tensorflow/tfjs');
const { createRuntime } = await import(entry);

const samples = 16384;
const widths = [8, 64, 64, 64, 1];
const batch = tf.randomNormal([samples, 8], 0, 1, 'float32', 1);
const weights = widths.slice(1).map((width, k) => tf.randomNormal([widths[k], width], 0, 0.3, 'float32', 2 + k));
const f = (layers) =>
  tf.mean(
    tf.square(
      layers
        .slice(0, -1)
        .reduce((h, w) => tf.tanh(tf.matMul(h, w)), batch)
        .matMul(layers.at(-1)),
    ),
  );

const runtime = createRuntime({ workers: 2 });
// 40 columns are enough to see what a run holds.
const bytes = async (options) => {
  const blocks = runtime.hessianBlocks(f, weights, options);
  let columns = 0;
  for await (const block of blocks) {
    columns += block.columns[1] - block.columns[0];
    if (columns >= 40) break;
  }
  return (await blocks.plan).estimatedPeakBytes;
};
const free = (await runtime.hessianBlocks(f, weights, { memoryLimit: '1 TiB' }).plan).estimatedPeakBytes;
const limit = Math.floor(process.availableMemory() / 2);
const unasked = await bytes({});
const asked = await bytes({ memoryLimit: '320 MiB' });
await runtime.close();
console.log(JSON.stringify({ free, limit, unasked, asked }));
