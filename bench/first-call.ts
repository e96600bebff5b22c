/** One first call in a fresh process whose workers have started: prints its milliseconds as JSON. */

import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import { type Blocks, createRuntime } from '../src/index.ts';
import { firstColumns, type TimedDevice } from './contenders.ts';
import { workloads } from './workloads/index.ts';

await tf.setBackend('cpu');
const { f, x, matrix, columns } = workloads[process.argv[2]]();
const device = process.argv[4] as TimedDevice;
const runtime = createRuntime({ workers: Number(process.argv[3]), device });
// Another function, so that threads, engine and recorder are up but nothing of this one is compiled.
await runtime.hessian((v: tf.Tensor) => tf.sum(tf.pow(v, 3)), new Float32Array(64), { nbatches: 8 });
if (columns) {
  const { ms } = await firstColumns(() => runtime.hessianBlocks(f as never, x as never) as Blocks, columns);
  console.log(JSON.stringify({ ms }));
} else {
  const start = performance.now();
  const { report } = await (matrix === 'jacobian'
    ? runtime.jacobian(f as never, x as never)
    : runtime.hessian(f as never, x as never));
  console.log(JSON.stringify({ ms: performance.now() - start, phases: report.phases }));
}
await runtime.close();
