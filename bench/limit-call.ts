/** A few columns of `deep` under a memory limit, in a process of its own: what they took, as JSON. Its argument is the limit. */

import * as tf from '@tensorflow/tfjs';
import { createRuntime, DiffopsError } from '../src/index.ts';
import { peakBytes, resetPeak } from './high-water.ts';
import { deep } from './workloads/deep.ts';

/** Fewer than this say nothing of a plan whose tiles are as wide. */
const COLUMNS = 48;

await tf.setBackend('cpu');
const { f, x } = deep();
const runtime = createRuntime({ workers: 2 });
await runtime.hessian((v: tf.Tensor) => tf.sum(tf.pow(tf.sin(v), 3)), tf.fill([256], 0.5), { nbatches: 16 });
globalThis.gc?.();
const before = resetPeak();
try {
  const began = performance.now();
  const blocks = runtime.hessianBlocks(f, x, { memoryLimit: process.argv[2] });
  const { estimatedPeakBytes, checkpoint, tileWidth, workers } = await blocks.plan;
  const planned = performance.now();
  let columns = 0;
  let first = 0;
  let started = planned;
  for await (const block of blocks) {
    columns += block.columns[1] - block.columns[0];
    // The first block is of the point program and of loading, too.
    if (first === 0) {
      first = columns;
      started = performance.now();
    }
    if (columns >= first + COLUMNS) break;
  }
  const seconds = (performance.now() - started) / 1000;
  const figures = { estimatedPeakBytes, checkpoint, tileWidth, workers, columns: columns - first, seconds };
  const measured = peakBytes() - before;
  console.log(JSON.stringify({ ...figures, measured, planSeconds: (planned - began) / 1000 }));
} catch (error) {
  if (!(error instanceof DiffopsError)) throw error;
  console.log(JSON.stringify({ refused: error.message }));
}
await runtime.close();
