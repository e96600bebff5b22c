/** Networks as the converter leaves them: ops fused, batch normalization in inference, shapes and axes as constants. */

import type * as tf from '@tensorflow/tfjs';
import { numbers } from './case.ts';
import { attr, graphModel, intPlaceholder, type Node, node, placeholder, type Weight } from './graph.ts';

export interface GraphCase {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly weights: Readonly<Record<string, Weight>>;
  readonly signature?: object;
  readonly input: { readonly shape: number[]; readonly integers?: number[] };
  /** What is left to vary, by name: the rest is read by value, or whole numbers. */
  readonly params: readonly string[];
  /** tfjs' cpu backend can't run it, or runs it wrong. */
  readonly differs?: string;
}

export const buildGraph = ({ nodes, weights, signature }: GraphCase): tf.GraphModel =>
  graphModel(nodes, weights, signature);

let seed = 0;
const weight = (...shape: number[]): Weight => ({
  shape,
  values: numbers(
    shape.reduce((a, b) => a * b, 1),
    ++seed,
  ),
});
/** Scales and variances. */
const positive = (...shape: number[]): Weight => ({ shape, values: weight(...shape).values.map((v) => 1 + 0.5 * v) });
const ints = (values: number[], shape = [values.length]): Weight => ({ shape, dtype: 'int32', values });
const int = (value: number): Weight => ints([value], []);
const float = (value: number): Weight => ({ shape: [], values: [value] });

const { text, texts, int: i, ints: is, float: f, flag } = attr;
const conv = (padding: string, stride = 1, more: Node['attr'] = {}): Node['attr'] => ({
  strides: is(1, stride, stride, 1),
  dilations: is(1, 1, 1, 1),
  padding: text(padding),
  data_format: text('NHWC'),
  explicit_paddings: { list: {} },
  ...more,
});
const pool = (padding: string): Node['attr'] => ({
  ksize: is(1, 2, 2, 1),
  strides: is(1, 2, 2, 1),
  padding: text(padding),
  data_format: text('NHWC'),
});
const fused = (activation: string, args = 1): Node['attr'] => ({
  fused_ops: texts('BiasAdd', ...(activation ? [activation] : [])),
  num_args: i(args),
});
const image = placeholder('image', 6, 6, 2);

const activations = ['', 'Relu', 'Relu6', 'Elu', 'Sigmoid', 'Tanh', 'LeakyRelu', 'Prelu'].flatMap(
  (activation): GraphCase[] => {
    const alpha: Record<string, Weight> = activation === 'Prelu' ? { alpha: weight(1, 1, 2) } : {};
    const args = ['k', 'b', ...Object.keys(alpha)];
    const attrs = { ...fused(activation, args.length - 1), leakyrelu_alpha: f(0.1) };
    const given = { input: { shape: [2, 6, 6, 2] }, params: [...args].sort() };
    const differs = activation === 'Tanh' ? { differs: 'its cpu backend has no fused tanh' } : {};
    return [
      {
        name: `a fused convolution, ${activation || 'its bias alone'}`,
        nodes: [image, node('y', '_FusedConv2D', ['image', ...args], conv('SAME', 2, attrs))],
        weights: { k: weight(3, 3, 2, 2), b: weight(2), ...alpha },
        ...given,
        ...differs,
      },
      {
        name: `a fused depthwise convolution, ${activation || 'its bias alone'}`,
        nodes: [image, node('y', 'FusedDepthwiseConv2dNative', ['image', ...args], conv('VALID', 1, attrs))],
        weights: { k: weight(3, 3, 2, 1), b: weight(2), ...alpha },
        ...given,
        ...differs,
      },
    ].filter(({ name }) => !name.includes('depthwise convolution, LeakyRelu'));
  },
);

export const graphCases: readonly GraphCase[] = [
  ...activations,
  {
    name: 'a convolution padded by numbers, and one with dilations',
    nodes: [
      image,
      node('a', 'Conv2D', ['image', 'k1'], conv('EXPLICIT', 2, { explicit_paddings: is(0, 0, 1, 0, 2, 1, 0, 0) })),
      node('y', 'Conv2D', ['a', 'k2'], conv('SAME', 1, { dilations: is(1, 2, 2, 1) })),
    ],
    weights: { k1: weight(3, 2, 2, 3), k2: weight(2, 2, 3, 1) },
    input: { shape: [1, 6, 6, 2] },
    params: ['k1', 'k2'],
  },
  {
    name: 'a block of a mobile network: normalized, separable, pooled, classified',
    nodes: [
      image,
      node('c', 'Conv2D', ['image', 'k'], conv('SAME')),
      node('bn', 'FusedBatchNormV3', ['c', 'gamma', 'beta', 'mean', 'variance'], {
        epsilon: f(0.001),
        is_training: flag(false),
        data_format: text('NHWC'),
      }),
      node('r', 'Relu6', ['bn']),
      node('d', 'FusedDepthwiseConv2dNative', ['r', 'dk', 'db'], conv('SAME', 2, fused('Relu6'))),
      node('p', 'MaxPool', ['d'], pool('SAME')),
      node('gap', 'Mean', ['p', 'axes'], { keep_dims: flag(false) }),
      node('m', '_FusedMatMul', ['gap', 'w', 'b'], { ...fused(''), transpose_b: flag(true) }),
      node('y', 'Softmax', ['m']),
    ],
    weights: {
      k: weight(3, 3, 2, 3),
      gamma: positive(3),
      beta: weight(3),
      mean: weight(3),
      variance: positive(3),
      dk: weight(3, 3, 3, 1),
      db: weight(3),
      axes: ints([1, 2]),
      w: weight(4, 3),
      b: weight(4),
    },
    input: { shape: [2, 6, 6, 2] },
    params: ['b', 'beta', 'db', 'dk', 'gamma', 'k', 'mean', 'variance', 'w'],
  },
  {
    name: 'a transposed convolution, to a size packed of shapes',
    nodes: [
      image,
      node('p', 'AvgPool', ['image'], pool('VALID')),
      node('s', 'Shape', ['p']),
      node('rows', 'StridedSlice', ['s', 'from', 'to', 'by'], { shrink_axis_mask: i(1) }),
      node('size', 'Pack', ['rows', 'h', 'w', 'c'], { N: i(4), axis: i(0) }),
      node('y', 'Conv2DBackpropInput', ['size', 'k', 'p'], conv('SAME', 2)),
    ],
    weights: { k: weight(3, 3, 3, 2), from: ints([0]), to: ints([1]), by: ints([1]), h: int(6), w: int(6), c: int(3) },
    input: { shape: [2, 6, 6, 2] },
    params: ['k'],
  },
  {
    name: 'convolutions in one and in three dimensions',
    nodes: [
      placeholder('x', 4, 4, 4, 1),
      node('c', 'Conv3D', ['x', 'k'], {
        strides: is(1, 1, 1, 1, 1),
        dilations: is(1, 1, 1, 1, 1),
        padding: text('SAME'),
        data_format: text('NDHWC'),
      }),
      node('m', 'MaxPool3D', ['c'], {
        ksize: is(1, 2, 2, 2, 1),
        strides: is(1, 2, 2, 2, 1),
        padding: text('VALID'),
        data_format: text('NDHWC'),
      }),
      node('flat', 'Reshape', ['m', 'shape']),
      node('e', 'ExpandDims', ['flat', 'one']),
      node('c1', 'Conv2D', ['e', 'k1'], conv('VALID')),
      node('sq', 'Squeeze', ['c1'], { squeeze_dims: is(1) }),
      node('y', 'BiasAdd', ['sq', 'b']),
    ],
    weights: {
      k: weight(2, 2, 2, 1, 2),
      shape: ints([-1, 8, 2]),
      one: int(1),
      k1: weight(1, 3, 2, 2),
      b: weight(2),
    },
    input: { shape: [1, 4, 4, 4, 1] },
    params: ['b', 'k', 'k1'],
  },
  {
    name: 'an embedding',
    nodes: [
      intPlaceholder('tokens', 3),
      node('g', 'GatherV2', ['table', 'tokens', 'zero'], { batch_dims: i(0) }),
      node('m', 'Mean', ['g', 'axes'], { keep_dims: flag(false) }),
      node('l', 'MatMul', ['m', 'w']),
      node('y', 'LogSoftmax', ['l']),
    ],
    weights: { table: weight(5, 4), zero: int(0), axes: ints([1]), w: weight(4, 3) },
    input: { shape: [2, 3], integers: [0, 4, 2, 2, 1, 0] },
    params: ['table', 'w'],
  },
  {
    name: 'a step of an LSTM',
    nodes: [
      placeholder('x', 3),
      node('xh', 'ConcatV2', ['x', 'h', 'last'], { N: i(2) }),
      node('gates', '_FusedMatMul', ['xh', 'k', 'b'], fused('')),
      node('s', 'Split', ['one', 'gates'], { num_split: i(4) }),
      node('in', 'Sigmoid', ['s']),
      node('forget', 'Sigmoid', ['s:1']),
      node('new', 'Tanh', ['s:2']),
      node('out', 'Sigmoid', ['s:3']),
      node('a', 'Mul', ['in', 'new']),
      node('kept', 'Mul', ['forget', 'c']),
      node('state', 'AddV2', ['a', 'kept']),
      node('t', 'Tanh', ['state']),
      node('y', 'Mul', ['out', 't']),
    ],
    weights: { h: weight(2, 2), c: weight(2, 2), last: int(-1), one: int(1), k: weight(5, 8), b: weight(8) },
    input: { shape: [2, 3] },
    params: ['b', 'c', 'h', 'k'],
  },
  {
    name: 'layer normalization, attention and GELU',
    nodes: [
      placeholder('x', 3, 4),
      node('mean', 'Mean', ['x', 'axes'], { keep_dims: flag(true) }),
      node('sd', 'SquaredDifference', ['x', 'mean']),
      node('var', 'Mean', ['sd', 'axes'], { keep_dims: flag(true) }),
      node('ve', 'AddV2', ['var', 'epsilon']),
      node('r', 'Rsqrt', ['ve']),
      node('scale', 'Mul', ['r', 'gamma']),
      node('xs', 'Mul', ['x', 'scale']),
      node('ms', 'Mul', ['mean', 'scale']),
      node('shift', 'Sub', ['beta', 'ms']),
      node('n', 'AddV2', ['xs', 'shift']),
      node('q', 'Einsum', ['n', 'wq'], { N: i(2), equation: text('abc,cde->abde') }),
      node('k', 'Einsum', ['n', 'wk'], { N: i(2), equation: text('abc,cde->abde') }),
      node('scores', 'Einsum', ['k', 'q'], { N: i(2), equation: text('aecd,abcd->acbe') }),
      node('p', 'Softmax', ['scores']),
      node('att', 'Einsum', ['p', 'q'], { N: i(2), equation: text('acbe,aecd->abcd') }),
      node('flat', 'Reshape', ['att', 'shape']),
      node('turned', 'Transpose', ['flat', 'perm']),
      node('u', 'BatchMatMulV2', ['flat', 'turned'], { adj_x: flag(false), adj_y: flag(false) }),
      node('z', 'Mul', ['u', 'root']),
      node('e', 'Erf', ['z']),
      node('y', 'Mul', ['u', 'e']),
    ],
    weights: {
      axes: ints([2]),
      epsilon: float(1e-3),
      gamma: positive(4),
      beta: weight(4),
      wq: weight(4, 2, 2),
      wk: weight(4, 2, 2),
      shape: ints([-1, 3, 4]),
      perm: ints([0, 2, 1]),
      root: float(Math.SQRT1_2),
    },
    input: { shape: [1, 3, 4] },
    params: ['beta', 'epsilon', 'gamma', 'root', 'wk', 'wq'],
    differs: 'its erf is good to 1.5e-7 only',
  },
  {
    name: 'an hourglass: resized, joined, padded',
    nodes: [
      image,
      node('c', 'Conv2D', ['image', 'k'], conv('SAME', 2)),
      node('r', 'LeakyRelu', ['c'], { alpha: f(0.2) }),
      node('u', 'ResizeBilinear', ['r', 'size'], { align_corners: flag(false), half_pixel_centers: flag(true) }),
      node('v', 'ResizeNearestNeighbor', ['r', 'size'], { align_corners: flag(false), half_pixel_centers: flag(true) }),
      node('j', 'ConcatV2', ['u', 'v', 'image', 'three'], { N: i(3) }),
      node('p', 'PadV2', ['j', 'pads', 'value']),
      node('m', 'MirrorPad', ['p', 'pads'], { mode: text('REFLECT') }),
      node('y', 'Conv2D', ['m', 'k2'], conv('VALID')),
    ],
    weights: {
      k: weight(3, 3, 2, 2),
      size: ints([6, 6]),
      three: int(3),
      pads: ints([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]),
      value: float(0.5),
      k2: weight(3, 3, 6, 1),
    },
    input: { shape: [1, 6, 6, 2] },
    params: ['k', 'k2'],
  },
  {
    name: 'choices, sorting and places',
    nodes: [
      placeholder('x', 3),
      node('h', 'Mul', ['x', 'w']),
      node('c', 'Greater', ['h', 'v']),
      node('s', 'SelectV2', ['c', 'h', 'v']),
      node('top', 'TopKV2', ['s', 'two'], { sorted: flag(true) }),
      node('at', 'Cast', ['top:1'], { SrcT: { type: 'DT_INT32' }, DstT: { type: 'DT_FLOAT' } }),
      node('m', 'Mul', ['top', 'at']),
      node('cs', 'Cumsum', ['s', 'one'], { exclusive: flag(true), reverse: flag(false) }),
      node('n', 'GatherNd', ['cs', 'places']),
      node('sc', 'ScatterNd', ['rows', 'n', 'four']),
      node('y', 'Pack', ['sc', 'sc'], { N: i(2), axis: i(0) }),
    ],
    weights: {
      w: weight(3),
      v: weight(3),
      two: int(2),
      one: int(1),
      places: ints([0, 1, 1, 2], [2, 2]),
      rows: ints([0, 3], [2, 1]),
      four: ints([4]),
    },
    input: { shape: [2, 3] },
    params: ['v', 'w'],
  },
  {
    name: 'a spectrum, to outputs that a signature names',
    nodes: [
      placeholder('serving_x', 4),
      node('h', 'Mul', ['serving_x', 'w']),
      node('z', 'RFFT', ['h', 'length']),
      node('Call/power', 'ComplexAbs', ['z']),
      node('Call/phase', 'Imag', ['z']),
    ],
    weights: { w: weight(4), length: ints([4]) },
    signature: {
      inputs: { x: { name: 'serving_x:0', dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '4' }] } } },
      outputs: { power: { name: 'Call/power:0' }, phase: { name: 'Call/phase:0' } },
    },
    input: { shape: [2, 4] },
    params: ['w'],
  },
];
