/** Options are read once, and messages about them say what was given and what may be. */

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { hessian, prepareHessian } from '../src/index.ts';

const f = (v: tf.Tensor): tf.Tensor => tf.sum(tf.square(v));
const x = () => Float64Array.of(1, 2, 3);
const call = (options: unknown) => hessian(f, x(), options as never);

describe('options', () => {
  it('are read once', async () => {
    let reads = 0;
    const options = {
      get nbatches() {
        return reads++ === 0 ? 2 : 99;
      },
    };
    expect((await call(options)).report.nbatches).toBe(2);
  });

  it('may be frozen, inherited, or without a prototype', async () => {
    const bare = Object.assign(Object.create(null), { nbatches: 3 });
    for (const options of [Object.freeze({ nbatches: 3 }), Object.create({ nbatches: 3 }), bare]) {
      expect((await call(options)).report.nbatches).toBe(3);
    }
    await expect(call(Object.create({ nbatch: 3 }))).rejects.toThrow('nbatch');
  });

  it.each([
    [new Map([['nbatches', 2]]), 'of type Map'],
    [[], 'of type Array'],
    [null, 'is null'],
    [() => 1, 'a function'],
    [{ constructor: 1 }, "unknown option 'constructor'"],
    [{ nbatches: 0 }, 'nbatches is 0; it must be an integer from 1 to 3, the number of columns'],
    [{ nbatches: 1n }, 'nbatches is 1n'],
    [{ nBatches: 2 }, 'device, workers, threadsPerWorker, nbatches, memoryLimit, symmetric'],
  ])('%o: %s', async (options, message) => {
    await expect(call(options)).rejects.toThrow(message);
  });

  it('given to prepare stand where evaluate has none', async () => {
    const heard: string[] = [];
    const stop = new AbortController();
    const prepared = await prepareHessian(f, x(), { onProgress: () => heard.push('prepare'), signal: stop.signal });
    await prepared.evaluate(x());
    await prepared.evaluate(x(), { onProgress: () => heard.push('evaluate') });
    expect([heard[0], heard.at(-1)]).toEqual(['prepare', 'evaluate']);
    stop.abort('enough');
    await expect(prepared.evaluate(x())).rejects.toBe('enough');
    await prepared.evaluate(x(), { signal: new AbortController().signal });
    await prepared.close();
  });
});
