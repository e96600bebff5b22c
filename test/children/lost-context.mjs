/** Loses the context of a device again and again, between runs and within, and prints what became of each call. */

import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';

const [entry, devices] = process.argv.slice(2);
const { createRuntime, hessian, hvp } = await import(entry);
const device = JSON.parse(devices);
/** With words in it, the driver aborts instead: it must not find the file before they are there. */
const lose = (words = '') => {
  const written = `${process.env.LOSE_NOW}.written`;
  writeFileSync(written, words);
  renameSync(written, process.env.LOSE_NOW);
};
const isLeft = () => existsSync(process.env.LOSE_NOW);

const COLUMNS = 100;
/** Milliseconds per column that its consumer takes where several devices share them: the slower ones have their turns. */
const PAUSE = Array.isArray(device) ? 20 : 0;
const f = (x) => tf.sum(tf.mul(tf.pow(x, 3), tf.sum(x)));
const x = tf.linspace(0, 1, COLUMNS);
const want = (await hessian(f, x)).H;
const runtime = createRuntime({ device });

/** Whether each column comes once and is right; `onFirst` is called when some are done. */
const evaluate = async (onFirst) => {
  const seen = new Set();
  for await (const block of runtime.hessianBlocks(f, x, { nbatches: COLUMNS })) {
    const [first, limit] = block.columns;
    for (const [k, value] of block.data.entries()) {
      const [i, j] = [Math.floor(k / (limit - first)), first + (k % (limit - first))];
      if (Math.abs(value - want.get(i, j)) > 1e-3) return { right: false };
    }
    for (let j = first; j < limit; j++) seen.add(j);
    if (seen.size === limit - first) onFirst?.(seen.size);
    await setTimeout(PAUSE);
  }
  return { right: seen.size === COLUMNS };
};

const failed = ({ code, message }) => ({ code, message });
const calls = [];
const call = async (what, run) => {
  const outcome = await run(undefined).catch(failed);
  calls.push({ what, left: isLeft(), ...outcome });
};

/** A call in which the device is lost; of several, another call where it was still loading in that one. */
const inTheMiddle = (words) => async () => {
  for (let round = 0; ; round++) {
    let middle = false;
    const outcome = await evaluate((done) => {
      middle = done < COLUMNS;
      if (round === 0) lose(words);
    }).catch(failed);
    if (!isLeft() || round === 9) return { ...outcome, middle };
  }
};

await call('first', evaluate);
lose();
await call('lost between runs', evaluate);
await call('next', evaluate);
await call('lost in the middle', inTheMiddle(''));
await call('next', evaluate);
await call('aborts in the middle', inTheMiddle('abort'));
await call('next', evaluate);
await call('of another runtime', async () => {
  const other = createRuntime({ device });
  const { H } = await other.hessian(f, x).finally(() => other.close());
  return { right: H.data.every((value, i) => Math.abs(value - want.data[i]) < 1e-3) };
});
const product = async () => ({ right: (await hvp(f, x, x, { device })).data.length === COLUMNS });
await call('a product', product);
lose();
await call('a product that meets a loss', product);
await call('the next product', product);
await runtime.close();
process.stdout.write(JSON.stringify(calls));
