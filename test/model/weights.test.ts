/** Names of weights where layers are made of layers in ways of their own, or say the same name twice. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { hessian, model } from '../../src/index.ts';
import type { Layer, LayerVariable } from '../../src/model/layer.ts';
import { flattened, slotsOf } from '../../src/model/weights.ts';
import { floatInputs, functional, setWeights, stack } from './case.ts';
import { shapesOf } from './checks.ts';

beforeAll(() => tf.setBackend('cpu'));

const weight = (originalName: string): LayerVariable => ({ name: originalName, originalName }) as LayerVariable;

const layer = (name: string, own: LayerVariable[], rest: Partial<Layer> = {}): Layer => ({
  name,
  built: true,
  weights: own,
  trainableWeights: own,
  _trainableWeights: own,
  ...rest,
});

const pathsOf = (root: Layer): readonly string[] => flattened(slotsOf(root), 'params').paths;

describe('names', () => {
  it('that are taken go on with numbers', () => {
    const twice = layer('twice', [weight('a/kernel'), weight('b/kernel'), weight('kernel')]);
    expect(pathsOf(layer('model', [], { layers: [twice] }))).toEqual([
      'params.twice.kernel',
      'params.twice.kernel_1',
      'params.twice.kernel_2',
    ]);
  });

  it('are kept apart where a layer has another’s name', () => {
    const cells = [layer('same', [weight('w')]), layer('same', [weight('w')])];
    const own = weight('cells');
    const rnn = layer('rnn', [own], { cell: layer('stack', [], { cells }) });
    expect(pathsOf(layer('model', [], { layers: [rnn, layer('__proto__', [weight('x/')])] }))).toEqual([
      'params.__proto__.weight',
      'params.rnn.cells[0].w',
      'params.rnn.cells[1].w',
      'params.rnn.cells_1',
    ]);
  });

  it('of what is used twice stand where it comes first', () => {
    const shared = layer('shared', [weight('s')]);
    const inner = layer('inner', [], { layers: [shared] });
    expect(pathsOf(layer('model', [], { layers: [inner, shared] }))).toEqual(['params.inner.shared.s']);
  });
});

it('a layer of the user’s own that holds another one', async () => {
  class Residual extends tf.layers.Layer {
    static className = 'Residual';
    readonly inside = tf.layers.dense({ units: 2, activation: 'tanh', name: 'inside' });
    override build(shape: tf.Shape): void {
      this.inside.build(shape);
      super.build(shape);
    }
    override get trainableWeights() {
      return this.inside.trainableWeights;
    }
    override get nonTrainableWeights() {
      return this.inside.nonTrainableWeights;
    }
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      const [x] = [inputs].flat();
      return x.add(this.inside.call(x, {}) as tf.Tensor);
    }
  }
  const source = functional(
    [[2]],
    stack(new Residual({ name: 'residual' }), tf.layers.dense({ units: 1, name: 'out' })),
  );
  setWeights(source);
  const [x] = floatInputs(source);
  const m = model(source);
  expect(shapesOf(m.params)).toEqual({
    residual: { kernel: [2, 2], bias: [2] },
    out: { kernel: [2, 1], bias: [1] },
  });
  const { H } = await hessian((p) => m.apply(p, x).square().sum(), m.params);
  expect(H.shape).toEqual([9, 9]);
  // Of a sum of squares of w·h + b, in b: twice the number of rows.
  expect(H.get(0, 0)).toBeCloseTo(2 * (x.shape[0] as number), 4);
});
