/** GraphModels as functions of their weights, which are named by nodes. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DiffopsError, hessian, model } from '../../src/index.ts';
import { relativeError } from '../support/close.ts';
import { evaluated, refusal } from '../trace/recording.ts';
import { numbers } from './case.ts';
import { arraysOf, bytesOf, expectHessian, lossOf, shapesOf } from './checks.ts';
import { attr, graphModel, node, placeholder } from './graph.ts';
import { buildGraph, graphCases } from './graph-cases.ts';

beforeAll(() => tf.setBackend('cpu'));

const weight = (shape: number[], seed: number) => ({
  shape,
  values: numbers(
    shape.reduce((a, b) => a * b, 1),
    seed,
  ),
});
const ints = (values: number[]) => ({ shape: [values.length], dtype: 'int32' as const, values });

/** Two dense layers: the first with its bias in a fused op, as the converter leaves it. */
const dense = (): tf.GraphModel =>
  graphModel(
    [
      placeholder('x', 3),
      node('model/hidden/MatMul', '_FusedMatMul', ['x', 'model/hidden/kernel', 'model/hidden/bias'], {
        fused_ops: { list: { s: ['Qmlhc0FkZA==', 'UmVsdQ=='] } },
        num_args: { i: '1' },
      }),
      node('model/out/MatMul', 'MatMul', ['model/hidden/MatMul', 'model/out/kernel']),
      node('model/out/add', 'AddV2', ['model/out/MatMul', 'model/out/bias']),
      node('Identity', 'Tanh', ['model/out/add']),
    ],
    {
      'model/hidden/kernel': weight([3, 4], 1),
      'model/hidden/bias': weight([4], 2),
      'model/out/kernel': weight([4, 2], 3),
      'model/out/bias': weight([2], 4),
    },
  );

/** A convolution whose result is flattened by the shape of its input, and clipped: shape and limits are read by value. */
const convolution = (): tf.GraphModel =>
  graphModel(
    [
      placeholder('image', 4, 4, 1),
      node('conv', 'Conv2D', ['image', 'conv/kernel'], {
        strides: { list: { i: ['1', '1', '1', '1'] } },
        dilations: { list: { i: ['1', '1', '1', '1'] } },
        padding: { s: 'VkFMSUQ=' },
        data_format: { s: 'TkhXQw==' },
      }),
      node('scaled', 'Mul', ['conv', 'scale']),
      node('shape', 'Shape', ['scaled']),
      node('rows', 'StridedSlice', ['shape', 'begin', 'end', 'stride'], { shrink_axis_mask: { i: '1' } }),
      node('pack', 'Pack', ['rows', 'flat'], { N: { i: '2' }, axis: { i: '0' } }),
      node('flatten', 'Reshape', ['scaled', 'pack']),
      node('low', 'Identity', ['limit']),
      node('Identity', 'ClipByValue', ['flatten', 'low', 'high']),
      node('mean', 'Mean', ['flatten', 'axes'], { keep_dims: { b: false } }),
    ],
    {
      'conv/kernel': weight([2, 2, 1, 2], 5),
      scale: weight([2], 6),
      begin: ints([0]),
      end: ints([1]),
      stride: ints([1]),
      axes: ints([1]),
      flat: { shape: [], dtype: 'int32', values: [-1] },
      limit: { shape: [], values: [-0.4] },
      high: { shape: [], values: [0.6] },
    },
  );

const models: [string, () => tf.GraphModel, number[], unknown][] = [
  [
    'dense layers',
    dense,
    [3, 3],
    {
      'model/hidden/bias': [4],
      'model/hidden/kernel': [3, 4],
      'model/out/bias': [2],
      'model/out/kernel': [4, 2],
    },
  ],
  ['a convolution, with what is read by value', convolution, [2, 4, 4, 1], { 'conv/kernel': [2, 2, 1, 2], scale: [2] }],
];

const inputOf = (shape: number[]): tf.Tensor => {
  const { values } = weight(shape, 9);
  return tf.tensor(values, shape);
};

describe('a graph', () => {
  it.each(models)('%s', async (_, build, shape, names) => {
    const source = build();
    const x = inputOf(shape);
    const predicted = [source.predict(x) as tf.Tensor | tf.Tensor[]].flat();
    const weights = () => bytesOf(Object.values(source.weights).map(([value]) => value));
    const before = weights();
    const memory = { ...tf.memory() };
    const m = model(source);
    expect(shapesOf(m.params)).toEqual(names);

    tf.tidy(() => {
      expect(bytesOf([m.apply<tf.Tensor[]>(m.params, x)].flat())).toEqual(bytesOf(predicted));
    });
    const recorded = evaluated((p) => m.apply(p, x), m.params);
    for (const [k, y] of predicted.entries()) expect(relativeError(recorded[k], y.dataSync())).toBeLessThan(1e-5);
    await expectHessian((p) => lossOf(m.apply<tf.Tensor[]>(p, x)), m.params);

    expect({ ...tf.memory() }).toEqual(memory);
    expect(weights()).toEqual(before);
    expect(bytesOf([source.predict(x) as tf.Tensor | tf.Tensor[]].flat())).toEqual(bytesOf(predicted));
  });

  it.each(graphCases.map((given) => [given.name, given] as const))('%s', async (_, given) => {
    const source = buildGraph(given);
    const { shape, integers } = given.input;
    const x = integers ? tf.tensor(integers, shape, 'int32') : inputOf(shape);
    const m = model(source);
    expect(Object.keys(m.params).sort()).toEqual(given.params);
    const outputsOf = (p: object): tf.Tensor[] => {
      const y = m.apply<tf.Tensor | tf.Tensor[]>(p, x);
      return y instanceof tf.Tensor ? [y] : Object.values(y);
    };
    const recorded = evaluated(outputsOf, m.params);
    if (!given.differs) {
      const predicted = Object.values(source.predict(x) as object).filter((y) => y instanceof tf.Tensor);
      for (const [k, y] of (predicted.length > 0 ? predicted : [source.predict(x) as tf.Tensor]).entries()) {
        expect(relativeError(recorded[k], y.dataSync())).toBeLessThan(1e-5);
      }
    }
    await expectHessian((p) => lossOf(outputsOf(p)), m.params);
  });

  it('has a fused tanh, which the cpu backend of tfjs lacks', () => {
    const source = graphModel(
      [
        placeholder('x', 2),
        node('y', '_FusedMatMul', ['x', 'w', 'b'], { fused_ops: attr.texts('BiasAdd', 'Tanh'), num_args: attr.int(1) }),
      ],
      { w: { shape: [2, 1], values: [0.5, -1] }, b: { shape: [1], values: [0.25] } },
    );
    const m = model(source);
    const [[value]] = evaluated((p) => m.apply(p, tf.tensor2d([[1.5, 0.5]])), m.params);
    expect(value).toBeCloseTo(Math.tanh(0.5), 7);
  });

  it('takes inputs by name, and is as before after an error', async () => {
    const source = dense();
    const m = model(source);
    const x = inputOf([2, 3]);
    const given = { x };
    expect(bytesOf([m.apply(m.params, given)])).toEqual(bytesOf([source.predict(x) as tf.Tensor]));
    expect(Object.keys(given)).toEqual(['x']);
    const before = bytesOf([source.predict(x) as tf.Tensor]);
    await expect(hessian((p) => m.apply(p, tf.ones([2, 5])), m.params)).rejects.toBeInstanceOf(DiffopsError);
    expect(bytesOf([source.predict(x) as tf.Tensor])).toEqual(before);
    expect(arraysOf(m.params).length).toBe(4);
  });
});

describe('refused before anything happens', () => {
  const caught = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each(['Switch', 'If', 'StatelessWhile', 'TensorListStack', 'Where', 'NonMaxSuppressionV4', 'LookupTableFindV2'])(
    'control flow and shapes that depend on values: %s',
    (op) => {
      const source = graphModel(
        [placeholder('x', 3), node('h', op, ['x', 'flag']), node('Identity', 'Identity', ['h'])],
        { flag: weight([1], 1) },
      );
      expect(caught(() => model(source))).toMatchObject({
        code: 'UNSUPPORTED_OP',
        fields: { op, node: 'h' },
        message: expect.stringContaining(`control flow or shapes that depend on values (node 'h', op ${op})`),
      });
    },
  );

  it('an op that tfjs does not know, unless it was registered', () => {
    const build = () => graphModel([placeholder('x', 2), node('y', 'Swish', ['x', 'w'])], { w: weight([2], 1) });
    expect(caught(() => model(build()))).toMatchObject({
      code: 'UNSUPPORTED_OP',
      message: expect.stringContaining('tf.registerOp'),
    });
    tf.registerOp('Swish', ({ inputs: [x, w] }) => x.mul(w).sigmoid().mul(x));
    const m = model(build());
    const x = Float32Array.of(0.5, -1);
    const [value] = evaluated((p) => m.apply(p, tf.tensor2d(x, [1, 2])), m.params);
    const { values } = weight([2], 1);
    for (const [i, v] of x.entries()) expect(value[i]).toBeCloseTo(v / (1 + Math.exp(-v * values[i])), 6);
    tf.deregisterOp('Swish');
  });

  it('a leaky relu in a fused depthwise convolution, whose slope tfjs-converter loses', () => {
    const attrs = { strides: attr.ints(1, 1, 1, 1), padding: attr.text('VALID'), data_format: attr.text('NHWC') };
    const fused = {
      fused_ops: attr.texts('BiasAdd', 'LeakyRelu'),
      num_args: attr.int(1),
      leakyrelu_alpha: attr.float(0.1),
    };
    const source = graphModel(
      [placeholder('x', 2, 2, 1), node('y', 'FusedDepthwiseConv2dNative', ['x', 'k', 'b'], { ...attrs, ...fused })],
      { k: weight([2, 2, 1, 1], 1), b: weight([1], 2) },
    );
    const { params, apply } = model(source);
    const error = refusal((p) => apply(p, tf.ones([1, 2, 2, 1])), params);
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toContain('leakyrelu without leakyreluAlpha');
  });

  it('ops that draw', () => {
    const source = graphModel(
      [
        placeholder('x', 2),
        node('r', 'RandomUniform', ['shape']),
        node('y', 'Mul', ['x', 'w']),
        node('z', 'Add', ['y', 'r']),
      ],
      { w: weight([2], 1), shape: ints([1, 2]) },
    );
    const { params, apply } = model(source);
    expect(refusal((p) => apply(p, tf.ones([1, 2])), params)).toMatchObject({
      code: 'RANDOM',
      fields: { op: 'randomUniform' },
    });
  });

  it('inputs that the graph has not, or of another shape', () => {
    const { params, apply } = model(dense());
    for (const inputs of [{ q: tf.ones([1, 3]) }, tf.ones([2, 4])]) {
      expect(caught(() => apply(params, inputs))).toMatchObject({ code: 'INPUT', name: 'DiffopsError' });
    }
  });

  it('training mode, and what was disposed', () => {
    const source = dense();
    expect(caught(() => model(source as never, { training: true }))).toMatchObject({ code: 'OPTION' });
    const m = model(source);
    source.dispose();
    expect(caught(() => m.apply(m.params, tf.ones([1, 3])))).toMatchObject({ code: 'INPUT' });
    expect(caught(() => model(source))).toMatchObject({ code: 'INPUT' });
  });
});
