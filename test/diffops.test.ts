/** A runtime as an object: its functions stand alone, and it says what it has done. */

import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { createRuntime } from '../src/index.ts';

const f = (v: tf.Tensor): tf.Tensor => tf.sum(tf.pow(v, 3));
const x = () => Float64Array.of(1, 2);

it('a runtime’s functions may be taken off it', async () => {
  const { hessian, jacobian, prepareHessian, prepareJacobian, hessianBlocks, jacobianBlocks, stats, close } =
    createRuntime();
  const { H } = await hessian(f, x());
  expect([...H.data]).toEqual([6, 0, 0, 12]);
  const { J } = await jacobian(f, x());
  expect([...J.data]).toEqual([3, 12]);
  for (const { evaluate, close: done } of [await prepareHessian(f, x()), await prepareJacobian(f, x())]) {
    expect((await evaluate(x())).report.n).toBe(2);
    await done();
  }
  for (const blocks of [hessianBlocks(f, x()), jacobianBlocks(f, x())]) {
    for await (const { columns } of blocks) expect(columns).toEqual([0, 2]);
  }
  expect(stats()).toMatchObject({ running: false, queued: 0, runsDone: 6, threads: [] });
  await close();
  await expect(hessian(f, x())).rejects.toMatchObject({ code: 'CLOSED' });
});
