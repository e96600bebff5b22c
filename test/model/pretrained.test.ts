/** A pretrained GraphModel, Spotify's basic-pitch (185 000 weights, from its npm package): curvature of its last layer. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { hessian, model } from '../../src/index.ts';
import { root } from '../support/sources.ts';
import { numbers } from './case.ts';
import { bytesOf } from './checks.ts';

const folder = join(root, 'node_modules/@spotify/basic-pitch/model');
/** A window of two seconds; the model takes no other length. */
const SAMPLES = 43844;
const LAST = 'StatefulPartitionedCall/model_1/contours-reduced';
const [BIAS, KERNEL] = [`${LAST}/BiasAdd/ReadVariableOp`, `${LAST}/Conv2D/ReadVariableOp`];

const load = async (): Promise<tf.GraphModel> => {
  const { modelTopology, weightsManifest, signature } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const weightSpecs = weightsManifest.flatMap((group: { weights: object[] }) => group.weights);
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, 'group1-shard1of1.bin'));
  const weightData = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  return tf.loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData, signature }));
};

beforeAll(() => tf.setBackend('cpu'));

it('has the second derivatives that its output says', async () => {
  const source = await load();
  const sound = tf.tensor(
    numbers(SAMPLES, 1).map((v, i) => 0.3 * Math.sin(i / 8) + 0.02 * v),
    [1, SAMPLES, 1],
  );
  const before = bytesOf([source.weights[KERNEL][0]]);
  const m = model(source);
  expect(m.params[KERNEL].shape).toEqual([5, 5, 8, 1]);
  expect(Object.keys(m.params).length).toBe(43);

  // The contours are sigmoids of the last layer: of y² in its bias, the second derivative is 2y'² + 2y·y''.
  const memory = { ...tf.memory() };
  const part = { bias: m.params[BIAS], kernel: m.params[KERNEL] };
  let contours: Float32Array | undefined;
  const { H } = await hessian((p) => {
    const outputs = m.apply<tf.Tensor[]>({ ...m.params, [BIAS]: p.bias, [KERNEL]: p.kernel }, sound);
    return outputs[0].square().mean();
  }, part);
  expect({ ...tf.memory() }).toEqual(memory);
  tf.tidy(() => {
    contours = m.apply<tf.Tensor[]>(m.params, sound)[0].dataSync<'float32'>();
  });
  const wanted = (contours as Float32Array).reduce((sum, y, _, { length }) => {
    const slope = y * (1 - y);
    return sum + (2 * slope ** 2 + 2 * y * slope * (1 - 2 * y)) / length;
  }, 0);
  expect(H.shape).toEqual([201, 201]);
  expect(Math.abs(H.get(0, 0) / wanted - 1)).toBeLessThan(1e-4);
  expect(bytesOf([source.weights[KERNEL][0]])).toEqual(before);
  source.dispose();
}, 120_000);
