/** Training mode: batch statistics, updates that are returned and not assigned, and what draws is refused. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DiffopsError, jacobian, model } from '../../src/index.ts';
import { relativeError } from '../support/close.ts';
import { evaluated } from '../trace/recording.ts';
import { built, floatInputs, functional, type ModelCase, stack } from './case.ts';
import { arraysOf, bytesOf, expectHessian, lossOf, shapesOf } from './checks.ts';

const L = tf.layers;
beforeAll(() => tf.setBackend('cpu'));

/** Layers that follow a dense one. */
const following = (name: string, layers: () => tf.layers.Layer[]): ModelCase => ({
  name,
  build: () => functional([[4]], stack(L.dense({ units: 3, name: 'before' }), ...layers())),
});

const normal = (args: object = {}) => L.batchNormalization({ name: 'normal', momentum: 0.75, ...args });

const cases: ModelCase[] = [
  following('vectors', () => [normal(), L.dense({ units: 2, activation: 'tanh' })]),
  {
    name: 'images',
    build: () => functional([[4, 4, 2]], stack(L.conv2d({ filters: 2, kernelSize: 2, name: 'before' }), normal())),
  },
  {
    name: 'another axis',
    differs: 'the cpu backend takes the statistics of other rows',
    build: () =>
      functional([[4, 3, 2]], stack(L.conv2d({ filters: 2, kernelSize: 2, name: 'before' }), normal({ axis: 1 }))),
  },
  following('twice the same layer', () => {
    const layer = normal();
    return [layer, L.activation({ activation: 'tanh' }), layer];
  }),
  {
    name: 'in a model in a model',
    build: () => {
      const inner = tf.sequential({
        name: 'inner',
        layers: [L.dense({ units: 3, inputShape: [4], name: 'before' }), normal()],
      });
      return functional([[4]], stack(inner, L.activation({ activation: 'softplus' })));
    },
  },
  following('nothing to update', () => [L.layerNormalization(), L.dropout({ rate: 0 })]),
  {
    name: 'recurrent',
    build: () =>
      functional([[3, 2]], stack(L.lstm({ units: 2, returnSequences: true }), normal(), L.gru({ units: 1 }))),
  },
];

/** The weights that training has changed, and what the model gave, as tfjs itself does it. */
const trained = (given: ModelCase, inputs: tf.Tensor[]) => {
  const source = built(given);
  const before = bytesOf(source.getWeights());
  const output = source.apply(inputs, { training: true }) as tf.Tensor;
  const changed = source.getWeights().filter((value, i) => String(bytesOf([value])[0]) !== String(before[i]));
  return { output, changed };
};

describe('batch normalization', () => {
  it.each(cases)('$name', async (given) => {
    const source = built(given);
    const inputs = floatInputs(source);
    const { output, changed } = trained(given, inputs);
    const weights = bytesOf(source.getWeights());
    const memory = { ...tf.memory() };
    const m = model(source, { training: true });

    tf.tidy(() => {
      const eager = m.apply(m.params, inputs);
      expect(bytesOf([eager.output])).toEqual(bytesOf([output]));
      expect(bytesOf(values(eager.updates))).toEqual(bytesOf(changed));
    });
    const recorded = evaluated((p) => m.apply(p, inputs), m.params);
    const expected = [output, ...changed];
    expect(recorded.length).toBe(expected.length);
    const wrong = given.differs ? [output] : [];
    for (const [i, y] of expected.entries()) {
      if (!wrong.includes(y)) expect(relativeError(recorded[i], y.dataSync(), 1e-3)).toBeLessThan(1e-5);
    }
    await expectHessian((p) => lossOf(m.apply(p, inputs).output), m.params);

    expect({ ...tf.memory() }).toEqual(memory);
    expect(bytesOf(source.getWeights())).toEqual(weights);
  });

  const values = (tree: unknown): tf.Tensor[] =>
    tree instanceof tf.Tensor ? [tree] : Object.values(tree as object).flatMap(values);

  it('names updates like params, and they can be differentiated', async () => {
    const source = built(cases[0]);
    const m = model(source, { training: true });
    const inputs = floatInputs(source);
    const { J } = await jacobian((p) => m.apply(p, inputs).updates.normal, m.params, { precision: 'float64' });
    expect(shapesOf(m.params)).toMatchObject({ normal: { gamma: [3], beta: [3] } });
    expect(Object.keys(J).sort()).toEqual(['moving_mean', 'moving_variance']);
    // The mean of x·W + b moves by a quarter of what b does.
    const column = arraysOf({ before: m.params.before }).length;
    expect(column).toBe(2);
    expect(J.moving_mean.get(0, 0)).toBeCloseTo(0.25, 12);
    expect(J.moving_mean.get(0, 1)).toBe(0);
  });
});

const refused = (build: () => unknown): DiffopsError => {
  try {
    build();
  } catch (error) {
    expect(error).toBeInstanceOf(DiffopsError);
    return error as DiffopsError;
  }
  throw new Error('nothing was refused');
};

describe('refused before anything happens', () => {
  it.each<[string, tf.layers.Layer, RegExp]>([
    ['dropout', L.dropout({ rate: 0.25, name: 'drop' }), /'drop' \(Dropout\).*rate is 0\.25.*Set its rate to 0/],
    [
      'gaussian noise',
      L.gaussianNoise({ stddev: 0, name: 'noise' }),
      /'noise' \(GaussianNoise\).*from the option data/,
    ],
    ['gaussian dropout', L.gaussianDropout({ rate: 0.5 }), /GaussianDropout/],
    ['alpha dropout', L.alphaDropout({ rate: 0.5 }), /AlphaDropout/],
  ])('%s', (_, layer, message) => {
    const source = built(following('it', () => [layer]));
    const error = refused(() => model(source, { training: true }));
    expect(error.code).toBe('RANDOM');
    expect(error.message).toMatch(message);
    // In inference it does nothing.
    expect(model(source).apply).toBeTypeOf('function');
  });

  it('rates of RNN cells', () => {
    const source = functional([[3, 2]], stack(L.lstm({ units: 1, recurrentDropout: 0.5 })));
    const error = refused(() => model(source, { training: true }));
    expect([error.code, /recurrentDropout is 0\.5/.test(error.message)]).toEqual(['RANDOM', true]);
  });

  it('batch normalization that tfjs-layers can’t train', () => {
    const error = refused(() =>
      model(built(following('it', () => [L.batchNormalization({ scale: false })])), { training: true }),
    );
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toMatch(/no gamma/);
  });
});
