/** Garbage is collected when it is asked for, in any thread, and in several that begin at the same time. */

import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { collectGarbage } from '../src/collect-garbage.ts';
import { root } from './support/sources.ts';

test('what nobody holds is gone', async () => {
  const dropped = new WeakRef({});
  // A WeakRef holds its target until the turn ends.
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
  expect(dropped.deref()).toBeUndefined();
});

test('threads that collect for the first time at once all do', async () => {
  const file = JSON.stringify(`file://${root}/dist/src/collect-garbage.js`);
  // Of a module that is loaded anew, each call is the first.
  const code = `(async () => {
    const { workerData, parentPort } = require('node:worker_threads');
    const modules = [];
    for (let k = 0; k < 60; k++) modules.push(await import(${file} + '?' + k));
    const words = new Int32Array(workerData);
    Atomics.add(words, 0, 1);
    while (Atomics.load(words, 0) < 4);
    for (const { collectGarbage } of modules) collectGarbage();
    parentPort.postMessage('done');
  })()`;
  const workerData = new SharedArrayBuffer(4);
  const ends = Array.from({ length: 4 }, () => {
    const worker = new Worker(code, { eval: true, workerData });
    return new Promise((resolve) => {
      worker.once('message', resolve);
      worker.once('error', resolve);
    });
  });
  expect(await Promise.all(ends)).toEqual(['done', 'done', 'done', 'done']);
}, 60_000);
