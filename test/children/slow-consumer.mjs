/** Takes the blocks of a Hessian of 576 MB slowly, then breaks out of another stream: prints what memory grew by, and what is left running. */

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const [entry] = process.argv.slice(2);
const tf = await import('@tensorflow/tfjs');
const { createRuntime } = await import(entry);

const statusBytes = (field) =>
  1024 * Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);

const n = 12_000;
const f = (x) => tf.sum(tf.pow(tf.cumsum(x), 3));
const x = Float32Array.from({ length: n }, (_, i) => Math.sin(i) / n);
const runtime = createRuntime({ workers: 2 });
for await (const _ of runtime.hessianBlocks(f, x.slice(0, 2000), { nbatches: 20 }));
globalThis.gc();
writeFileSync('/proc/self/clear_refs', '5');
const before = statusBytes('VmRSS');
const blocks = runtime.hessianBlocks(f, x, { nbatches: 200 });
let count = 0;
let columns = 0;
for await (const block of blocks) {
  count++;
  columns += block.columns[1] - block.columns[0];
  await setTimeout(5);
}
const grown = statusBytes('VmHWM') - before;
const { estimatedPeakBytes } = await blocks.plan;

let taken = 0;
let seen = 0;
for await (const _ of runtime.hessianBlocks(f, x, {
  nbatches: 200,
  onProgress: ({ columnsDone }) => (seen = columnsDone),
})) {
  if (++taken === 3) break;
}
const { running, queued } = runtime.stats();
const atBreak = seen;
await setTimeout(300);
console.log(
  JSON.stringify({ count, columns, grown, estimatedPeakBytes, running, queued, later: seen - atBreak, done: seen / n }),
);
await runtime.close();
