/** What `model` and its `apply` take and refuse, and that nothing of the model has changed after either. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DiffopsError, hessian, hvp, model, NdArray, valueAndGrad } from '../../src/index.ts';
import { evaluated, printed } from '../trace/recording.ts';
import { floatInputs, functional, setWeights, stack } from './case.ts';
import { arraysOf, bytesOf } from './checks.ts';

const L = tf.layers;
beforeAll(() => tf.setBackend('cpu'));

const small = (): tf.LayersModel => {
  const source = functional(
    [[2]],
    stack(L.dense({ units: 2, name: 'hidden', activation: 'tanh' }), L.dense({ units: 1, name: 'out' })),
  );
  setWeights(source);
  return source;
};

const caught = (run: () => unknown): DiffopsError => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(DiffopsError);
    return error as DiffopsError;
  }
  throw new Error('nothing was refused');
};

describe('params', () => {
  it('are copies in arrays, and stay the same when the model goes on', () => {
    const source = small();
    const { params } = model(source);
    const before = [...params.hidden.kernel.data];
    expect(params.hidden.kernel).toBeInstanceOf(NdArray);
    expect(params.hidden.kernel.dtype).toBe('float32');
    params.hidden.kernel.data[0] = 7;
    expect(source.getLayer('hidden').getWeights()[0].dataSync()[0]).toBe(Math.fround(before[0]));
    source.setWeights(source.getWeights().map((w) => w.mul(2)));
    expect(params.hidden.kernel.data[1]).toBe(before[1]);
  });

  it('may be tensors, NdArrays, typed arrays and numbers, mixed, of one or two precisions', () => {
    const source = small();
    const m = model(source);
    const [x] = floatInputs(source);
    const expected = bytesOf([source.predict(x) as tf.Tensor]);
    const { hidden, out } = m.params;
    const given = {
      hidden: { kernel: hidden.kernel.toTensor(), bias: Float64Array.from(hidden.bias.data) },
      out: { kernel: Float32Array.from(out.kernel.data), bias: out.bias.data[0] },
    };
    expect(bytesOf([m.apply(given, x)])).toEqual(expected);
    expect(
      bytesOf([m.apply({ hidden, out: { ...out, bias: new NdArray([1], Float64Array.from(out.bias.data)) } }, x)]),
    ).toEqual(expected);
  });

  it('keep their digits in float64', () => {
    const m = model(functional([[1]], stack(L.dense({ units: 1, name: 'out' }))));
    const p = { out: { kernel: Float64Array.of(0.1), bias: Float64Array.of(0.2) } };
    expect(evaluated((q) => m.apply(q, tf.ones([1, 1])), p, { precision: 'float64' })).toEqual([[0.1 + 0.2]]);
    // As constants too: x alone is differentiated.
    const f = (x: tf.Tensor) => m.apply(p, x.reshape([1, 1]));
    expect(evaluated(f, Float64Array.of(1), { precision: 'float64' })).toEqual([[0.1 + 0.2]]);
  });

  it('may be a part of x: the rest is constant', async () => {
    const source = small();
    const m = model(source);
    const [x] = floatInputs(source);
    const { H, unflatten } = await hessian(
      (out) =>
        m
          .apply({ ...m.params, out }, x)
          .square()
          .sum(),
      m.params.out,
    );
    expect(H.shape).toEqual([3, 3]);
    expect(m.apply({ ...m.params, out: unflatten(H.row(0)) }, x).shape).toEqual([3, 1]);
  });

  it.each<[string, (p: Record<string, Record<string, unknown>>) => unknown, RegExp]>([
    ['missing', ({ hidden }) => ({ hidden }), /params\.out\.bias is missing/],
    [
      'of no layer',
      (p) => ({ ...p, other: { kernel: 1 } }),
      /params\.other\.kernel is no weight.*params\.hidden\.bias/,
    ],
    [
      'of another shape',
      (p) => ({ ...p, hidden: { ...p.hidden, kernel: tf.zeros([2, 3]) } }),
      /params\.hidden\.kernel has shape \[2,3\]; the weight's is \[2,2\]/,
    ],
    ['too long', (p) => ({ ...p, hidden: { ...p.hidden, bias: new Float32Array(3) } }), /\[3\].*\[2\]/],
    ['integers', (p) => ({ ...p, hidden: { ...p.hidden, bias: tf.zeros([2], 'int32') } }), /int32/],
    [
      'strings',
      (p) => ({ ...p, hidden: { ...p.hidden, bias: 'zeros' } }),
      /params\.hidden\.bias is the string "zeros"/,
    ],
    ['nothing', () => undefined, /params is undefined/],
  ])('%s: refused', (_, change, message) => {
    const source = small();
    const m = model(source);
    const error = caught(() => m.apply(change({ ...m.params }) as object, floatInputs(source)));
    expect([error.code, error.message]).toEqual(['INPUT', expect.stringMatching(message)]);
  });

  it('a disposed tensor: refused', () => {
    const m = model(small());
    const kernel = tf.zeros([2, 2]);
    kernel.dispose();
    expect(
      caught(() => m.apply({ ...m.params, hidden: { ...m.params.hidden, kernel } }, tf.ones([1, 2]))).message,
    ).toMatch(/kernel is a disposed/);
  });
});

describe('inputs', () => {
  const pair = (): tf.LayersModel => {
    const inputs = ['left', 'right'].map((name) => tf.input({ shape: [2], name }));
    return tf.model({
      inputs,
      outputs: L.dense({ units: 1 }).apply(L.concatenate().apply(inputs)) as tf.SymbolicTensor,
    });
  };

  it('in order, or by name, as tensors or arrays', () => {
    const m = model(pair());
    const [a, b] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]])];
    const expected = bytesOf([m.apply(m.params, [a, b])]);
    expect(bytesOf([m.apply(m.params, { right: b, left: a })])).toEqual(expected);
    expect(bytesOf([m.apply(m.params, [a, new NdArray([1, 2], Float32Array.of(3, 4))])])).toEqual(expected);
  });

  it.each<[string, unknown, RegExp]>([
    ['too few', tf.ones([1, 2]), /has 1 tensors; the model has 2 inputs: left, right/],
    ['a name that is missing', { left: tf.ones([1, 2]) }, /no 'right'/],
    ['a name too much', { left: tf.ones([1, 2]), right: tf.ones([1, 2]), up: tf.ones([1]) }, /has 'up'/],
    [
      'another shape',
      [tf.ones([1, 2]), tf.ones([1, 3])],
      /input 'right' has shape \[1,3\]; the model takes \[any, 2\]/,
    ],
    ['numbers', [1, 2], /inputs\[0\] is a number/],
  ])('%s: refused', (_, inputs, message) => {
    const m = model(pair());
    const error = caught(() => m.apply(m.params, inputs as tf.Tensor));
    expect([error.code, error.message]).toEqual(['INPUT', expect.stringMatching(message)]);
  });

  it('of a model that gives them back: a tensor of its own', () => {
    const x = tf.input({ shape: [2] });
    const m = model(tf.model({ inputs: x, outputs: x }));
    const given = tf.ones([1, 2]);
    const y = m.apply({}, given);
    y.dispose();
    expect(given.isDisposed).toBe(false);
  });
});

describe('in f', () => {
  it('is recorded as its ops', () => {
    const m = model(functional([[2]], stack(L.dense({ units: 2, name: 'out', useBias: false, activation: 'relu' }))));
    expect(printed((p) => m.apply(p, tf.tensor2d([[1, 2]])), m.params)).toMatchInlineSnapshot(`
      "{ a:f32[2,2] b:f32[1,1,2] ->
        c:f32[2] = reshape b shape=[2]  # fusedMatMul
        d:f32[2] = dot c a lhs=[0] rhs=[0,1] out=[1]  # fusedMatMul
        e:f32[1,1,2] = reshape d shape=[1,1,2]  # fusedMatMul
        f:bool[1,1,2] = le e 0  # fusedMatMul
        g:f32[1,1,2] = select f 0 e  # fusedMatMul
        h:f32[1,2] = reshape g shape=[1,2]  # fusedMatMul
        out h }"
    `);
  });

  it('may be called again, on what it gave, and beside another function of the same model', async () => {
    const source = functional([[2]], stack(L.dense({ units: 2, name: 'out', activation: 'tanh' })));
    setWeights(source);
    const [m, other] = [model(source), model(source)];
    const x = tf.tensor2d([[0.3, -0.2]]);
    const f = (p: object): tf.Tensor => m.apply(p, other.apply(m.params, m.apply(p, x)));
    const [recorded] = evaluated(f, m.params);
    const eager = [...f(m.params).dataSync()];
    recorded.forEach((v, i) => {
      expect(v).toBeCloseTo(eager[i], 6);
    });
  });

  it('gradients inside: of the weights and of the inputs', async () => {
    const source = small();
    const m = model(source);
    const x = tf.tensor2d([[0.3, -0.2]]);
    // Σ (∂y/∂x)², as a penalty on the slope.
    const f = (p: object): tf.Tensor =>
      tf
        .grad((z: tf.Tensor) => m.apply(p, z).sum())(x)
        .square()
        .sum();
    const { value } = await valueAndGrad(f, m.params, { precision: 'float64' });
    expect(value.data[0]).toBeCloseTo(f(m.params).dataSync()[0], 5);
    const v = m.params;
    expect(arraysOf(await hvp(f, m.params, v)).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  it('an error in f leaves the model as it was', async () => {
    const source = functional([[2, 2]], stack(L.lstm({ units: 1, dropout: 0.5, name: 'lstm' }), L.dense({ units: 1 })));
    setWeights(source);
    const [x] = floatInputs(source);
    const before = { predicted: bytesOf([source.predict(x) as tf.Tensor]), weights: bytesOf(source.getWeights()) };
    const memory = { ...tf.memory() };
    const m = model(source);
    const layer = source.getLayer('lstm');
    let calls = 0;
    layer.setCallHook(() => {});
    const original = layer.call;
    layer.call = function (this: tf.layers.Layer, ...args: Parameters<typeof original>) {
      original.apply(this, args);
      calls++;
      throw new Error('in the middle');
    };
    await expect(hessian((p) => m.apply(p, x).sum(), m.params)).rejects.toMatchObject({
      cause: new Error('in the middle'),
    });
    expect(() => m.apply(m.params, x)).toThrow('in the middle');
    layer.call = original;
    expect(calls).toBe(2);
    expect({ ...tf.memory() }).toEqual(memory);
    expect(bytesOf(source.getWeights())).toEqual(before.weights);
    expect(bytesOf([source.predict(x) as tf.Tensor])).toEqual(before.predicted);
    expect(source.trainableWeights.every((w) => w.read() instanceof tf.Variable)).toBe(true);
  });
});

describe('refused before anything happens', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a sequential model without shapes', () => tf.sequential(), /has no layers/],
    [
      'an unbuilt layer',
      () => {
        const source = small();
        Object.defineProperty(source.getLayer('out'), 'built', { value: false });
        return source;
      },
      /'out' \(Dense\) isn’t built.*inputShape/,
    ],
    [
      'a stateful layer',
      () =>
        tf.sequential({ layers: [L.gru({ units: 1, stateful: true, batchInputShape: [1, 2, 1], name: 'memory' })] }),
      /'memory' \(GRU\) is stateful/,
    ],
    [
      'a stateful one of two directions',
      () => {
        const layer = L.gru({ units: 1, stateful: true }) as never;
        return tf.sequential({
          layers: [L.bidirectional({ layer, mergeMode: 'sum', batchInputShape: [1, 2, 1], name: 'both' })],
        });
      },
      /'both' \(Bidirectional\) is stateful/,
    ],
    [
      'a disposed model',
      () => {
        const source = small();
        source.dispose();
        return source;
      },
      /was disposed/,
    ],
    ['a layer', () => L.dense({ units: 1 }), /model got an instance of Dense/],
    ['a function', () => () => 1, /model got a function/],
    ['nothing', () => undefined, /model got undefined/],
  ])('%s', (_, build, message) => {
    const source = build() as tf.LayersModel;
    const error = caught(() => model(source));
    expect([error.code, error.message]).toEqual(['INPUT', expect.stringMatching(message)]);
  });

  it('options', () => {
    const source = small();
    const made = (options: unknown) => caught(() => model(source, options as object));
    expect(made({ train: true })).toMatchObject({ code: 'OPTION', fields: { option: 'train' } });
    expect(made({ training: 1 })).toMatchObject({ code: 'OPTION', fields: { option: 'training' } });
    expect(made('training').code).toBe('OPTION');
  });

  it('a model that was disposed after it became a function', () => {
    const source = small();
    const m = model(source);
    source.dispose();
    expect(caught(() => m.apply(m.params, tf.ones([1, 2]))).message).toMatch(/\(Model\) was disposed/);
  });

  it('a layer that writes in inference', () => {
    class Counter extends tf.layers.Layer {
      static className = 'Counter';
      count = this.addWeight('count', [], 'float32', tf.initializers.zeros(), undefined, false);
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        this.count.write(tf.add(this.count.read(), 1));
        return [inputs].flat()[0].clone();
      }
    }
    const source = functional([[2]], stack(L.dense({ units: 1 }), new Counter({ name: 'counter' })));
    const m = model(source);
    expect(caught(() => m.apply(m.params, tf.ones([1, 2])))).toMatchObject({ code: 'VARIABLE_ASSIGN' });
    expect(source.getLayer('counter').getWeights()[0].dataSync()[0]).toBe(0);
    const { updates } = model(source, { training: true }).apply(m.params, tf.ones([1, 2]));
    expect(updates.counter.count.dataSync()[0]).toBe(1);
  });
});
