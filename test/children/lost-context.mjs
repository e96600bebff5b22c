/** Loses the context of a device again and again, between runs and within, and prints what became of each call. */

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';

const [entry, devices] = process.argv.slice(2);
const { createRuntime, hessian, hvp } = await import(entry);
const device = JSON.parse(devices);
const gpu = [device].flat().find((name) => name.includes('webgpu'));
/** With words in it, the driver aborts instead. */
const lose = (words = '') => writeFileSync(process.env.LOSE_NOW, words);

/** Milliseconds to wait for the device to take part. */
const PATIENCE = 20_000;
/** Calls until a runtime is given up in which it doesn't. */
const ROUNDS = 30;

const COLUMNS = 200;
const f = (x) => tf.sum(tf.mul(tf.pow(x, 3), tf.sum(x)));
const x = tf.linspace(0, 1, COLUMNS);
const want = (await hessian(f, x)).H.data;
const isRight = ({ data }) => want.every((value, i) => Math.abs(value - data[i]) < 1e-3);
let runtime;
let problem;
const begin = async () => {
  await runtime?.close();
  runtime = createRuntime({ device });
  problem = await runtime.prepareHessian(f, x, { nbatches: COLUMNS });
};
await begin();

const evaluate = async (options) => {
  const { H, report } = await problem.evaluate(x, options);
  const took = report.timeline?.filter(({ doing }) => doing === 'computing').map((one) => one.device) ?? [gpu];
  return { right: isRight(H), onGpu: took.includes(gpu) };
};
/** Several share the columns: a call doesn't wait for one that is loading, and a runtime leaves out one that was slow. */
const untilOnGpu = async () => {
  const until = Date.now() + PATIENCE;
  for (let round = 1; Date.now() < until; round++) {
    if (round % ROUNDS === 0) await begin();
    const { right, onGpu } = await evaluate();
    if (onGpu || !right) return { right };
  }
  return { right: false, message: `${gpu} takes no part` };
};
const failed = ({ code, message }) => ({ code, message });
/** Calls until one has met the loss: of several devices, the others may have been through before. */
const met = async (evaluateOnce) => {
  const until = Date.now() + PATIENCE;
  for (let round = 1; Date.now() < until; round++) {
    if (round % ROUNDS === 0) await untilOnGpu();
    const outcome = await evaluateOnce().catch(failed);
    if (!outcome.right || !existsSync(process.env.LOSE_NOW)) return outcome;
    rmSync(process.env.LOSE_NOW);
  }
  return { message: 'the loss is not met' };
};
const between = () => {
  lose();
  return evaluate();
};
const inTheMiddle = (words) => async () => {
  let done = 0;
  const onProgress = ({ columnsDone }) => {
    if (done === 0) lose(words);
    if (done === 0) done = columnsDone;
  };
  const outcome = await evaluate({ onProgress }).catch(failed);
  return { ...outcome, middle: done > 0 && done < COLUMNS };
};

const calls = [];
const call = async (what, run) => {
  const outcome = await run().catch(failed);
  calls.push({ what, left: existsSync(process.env.LOSE_NOW), ...outcome });
};

await call('first', untilOnGpu);
await call('lost between runs', () => met(between));
await call('next', untilOnGpu);
await call('lost in the middle', () => met(inTheMiddle('')));
await call('next', untilOnGpu);
await call('aborts in the middle', () => met(inTheMiddle('abort')));
await call('next', untilOnGpu);
await call('of another runtime', async () => {
  const other = createRuntime({ device });
  const { H } = await other.hessian(f, x).finally(() => other.close());
  return { right: isRight(H) };
});
const product = async () => ({ right: (await hvp(f, x, x, { device })).data.length === COLUMNS });
await call('a product', product);
lose();
await call('a product that meets a loss', product);
await call('the next product', product);
await runtime.close();
process.stdout.write(JSON.stringify(calls));
