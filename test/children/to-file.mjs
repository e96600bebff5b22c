/** Writes a Hessian to a file, and kills its own process when so many strips are in it: `node to-file.mjs '{"out": …}'`. */

import { existsSync, readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { createRuntime } from '../../dist/src/index.js';

const asked = { workers: 2, shift: 0, data: 1, factor: 1, killAfter: null, options: {}, ...JSON.parse(process.argv[2]) };
const { out, resume, workers, shift, data, factor, killAfter, options } = asked;

const N = 900;
const wave = (count, scale) => Float32Array.from({ length: count }, (_, k) => scale * Math.sin(12.9898 * k));
const weights = tf.tensor(wave(200 * N, 0.1), [200, N]);
const f = (x, d) =>
  tf.tanh(weights.matMul(x.reshape([N, 1]))).square().sum().mul(d.mul(factor)).add(tf.exp(x).sum());

const written = () => {
  const journal = `${out}.journal`;
  return existsSync(journal) ? readFileSync(journal, 'utf8').split('"crc"').length - 1 : 0;
};

const runtime = createRuntime({ workers });
let first;
const onProgress = ({ columnsDone }) => {
  first ??= columnsDone;
  if (killAfter !== null && written() >= killAfter) process.kill(process.pid, 'SIGKILL');
};
const x = wave(N, 1).map((value, k) => (k === 5 ? value + shift : value));
try {
  const { report } = await runtime.hessian(f, x, { out, resume, data, onProgress, ...options });
  const tiles = report.threads.reduce((sum, thread) => sum + thread.tiles, 0);
  console.log(JSON.stringify({ done: true, first, tiles }));
} catch (error) {
  console.log(JSON.stringify({ done: false, code: error.code, message: error.message, differs: error.fields?.differs }));
}
await runtime.close();
