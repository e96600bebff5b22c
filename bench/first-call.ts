/** One first call of `hessian` in a fresh process whose workers have started: prints its milliseconds as JSON. */

import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import { createRuntime } from '../src/index.ts';
import { workloads } from './workloads/index.ts';

await tf.setBackend('cpu');
const { f, x } = workloads[process.argv[2]]();
const runtime = createRuntime({ workers: Number(process.argv[3]) });
// Another function, so that threads, engine and recorder are up but nothing of this one is compiled.
await runtime.hessian((v: tf.Tensor) => tf.sum(tf.pow(v, 3)), new Float32Array(64), { nbatches: 8 });
const start = performance.now();
const { report } = await runtime.hessian(f as never, x as never);
const ms = performance.now() - start;
await runtime.close();
console.log(JSON.stringify({ ms, phases: report.phases }));
