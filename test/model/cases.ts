/** A small model for each type of layer in tfjs-layers, and for each way to put layers together. */

import * as tf from '@tensorflow/tfjs';
import { functional, integers, type ModelCase, stack } from './case.ts';

const L = tf.layers;

/** A model of one input of `shape` that goes through layers. */
const chain = (
  name: string,
  shape: (number | null)[],
  layers: () => tf.layers.Layer[],
  rest: Partial<ModelCase> = {},
): ModelCase => ({
  name,
  build: () => functional([shape], stack(...layers())),
  ...rest,
});

const vector = (name: string, layers: () => tf.layers.Layer[]): ModelCase =>
  chain(name, [4], () => [L.dense({ units: 3, name: 'before' }), ...layers()]);
const image = (name: string, layers: () => tf.layers.Layer[]): ModelCase =>
  chain(name, [5, 6, 2], () => [L.conv2d({ filters: 2, kernelSize: 2, name: 'before' }), ...layers()]);
const sequence = (name: string, layers: () => tf.layers.Layer[]): ModelCase =>
  chain(name, [4, 2], () => [L.dense({ units: 3, name: 'before' }), ...layers()]);
const volume = (name: string, layers: () => tf.layers.Layer[]): ModelCase =>
  chain(name, [4, 4, 5, 1], () => [L.conv3d({ filters: 2, kernelSize: 2, name: 'before' }), ...layers()]);

const ACTIVATIONS = [
  'elu',
  'hardSigmoid',
  'linear',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
] as const;

const activations: ModelCase[] = [
  ...ACTIVATIONS.map((activation) =>
    vector(`activation ${activation}`, () => [L.activation({ activation: activation as 'elu' })]),
  ),
  chain('dense with an activation', [4], () => [L.dense({ units: 3, activation: 'tanh', useBias: false })]),
  vector('reLU', () => [L.reLU({ maxValue: 0.5 })]),
  vector('leakyReLU', () => [L.leakyReLU({ alpha: 0.2 })]),
  vector('prelu', () => [L.prelu({ name: 'prelu' })]),
  image('prelu with shared axes', () => [L.prelu({ sharedAxes: [1, 2] })]),
  vector('elu', () => [L.elu()]),
  vector('thresholdedReLU', () => [L.thresholdedReLU({ theta: 0.1 })]),
  vector('softmax', () => [L.softmax()]),
];

const convolutions: ModelCase[] = [
  chain('conv1d', [6, 2], () => [
    L.conv1d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'tanh' }),
  ]),
  chain('conv1d, dilated', [6, 2], () => [L.conv1d({ filters: 2, kernelSize: 2, dilationRate: 2 })]),
  chain('conv2d', [5, 6, 2], () => [
    L.conv2d({ filters: 2, kernelSize: [2, 3], strides: [2, 1], activation: 'sigmoid' }),
  ]),
  chain('conv2d, channels first', [2, 5, 4], () => [
    L.conv2d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst' }),
  ]),
  chain('conv2d, dilated', [5, 6, 1], () => [
    L.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, padding: 'same' }),
  ]),
  chain('conv3d', [4, 4, 5, 1], () => [L.conv3d({ filters: 2, kernelSize: 2, strides: 2, activation: 'tanh' })]),
  chain('conv2dTranspose', [3, 3, 2], () => [
    L.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' }),
  ]),
  chain('conv3dTranspose', [2, 2, 2, 1], () => [L.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2 })]),
  chain('depthwiseConv2d', [5, 5, 2], () => [
    L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' }),
  ]),
  chain('separableConv2d', [5, 5, 2], () => [
    L.separableConv2d({ filters: 3, kernelSize: 2, depthMultiplier: 2, activation: 'elu' }),
  ]),
];

const pooling: ModelCase[] = [
  sequence('maxPooling1d', () => [L.maxPooling1d({ poolSize: 2 })]),
  sequence('averagePooling1d', () => [L.averagePooling1d({ poolSize: 2, padding: 'same', strides: 1 })]),
  image('maxPooling2d', () => [L.maxPooling2d({ poolSize: 2, strides: 1 })]),
  image('averagePooling2d', () => [L.averagePooling2d({ poolSize: [2, 3], padding: 'same' })]),
  volume('maxPooling3d', () => [L.maxPooling3d({ poolSize: 2, strides: 1 })]),
  volume('averagePooling3d', () => [L.averagePooling3d({ poolSize: 2 })]),
  sequence('globalMaxPooling1d', () => [L.globalMaxPooling1d({})]),
  sequence('globalAveragePooling1d', () => [L.globalAveragePooling1d({})]),
  image('globalMaxPooling2d', () => [L.globalMaxPooling2d({})]),
  image('globalAveragePooling2d', () => [L.globalAveragePooling2d({})]),
];

const normalization: ModelCase[] = [
  vector('batchNormalization', () => [L.batchNormalization({ name: 'normal' })]),
  image('batchNormalization of images', () => [L.batchNormalization({ epsilon: 0.01 })]),
  {
    ...image('batchNormalization over another axis', () => [L.batchNormalization({ axis: 1 })]),
    differs: 'the cpu backend takes the statistics of other rows',
  },
  vector('batchNormalization without scale and center', () => [L.batchNormalization({ scale: false, center: false })]),
  vector('layerNormalization', () => [L.layerNormalization()]),
  image('layerNormalization over two axes', () => [L.layerNormalization({ axis: [1, 2], center: false })]),
];

const shapes: ModelCase[] = [
  image('flatten', () => [L.flatten(), L.dense({ units: 1 })]),
  vector('reshape', () => [L.reshape({ targetShape: [3, 1] }), L.dense({ units: 2 })]),
  image('permute', () => [L.permute({ dims: [3, 1, 2] }), L.conv2d({ filters: 1, kernelSize: 2 })]),
  vector('repeatVector', () => [L.repeatVector({ n: 2 }), L.dense({ units: 1, activation: 'tanh' })]),
  image('zeroPadding2d', () => [
    L.zeroPadding2d({
      padding: [
        [1, 0],
        [0, 2],
      ],
    }),
    L.conv2d({ filters: 1, kernelSize: 3 }),
  ]),
  image('cropping2D', () => [
    L.cropping2D({
      cropping: [
        [1, 0],
        [2, 1],
      ],
    }),
  ]),
  image('upSampling2d', () => [L.upSampling2d({ size: [2, 1] }), L.conv2d({ filters: 1, kernelSize: 2 })]),
  image('rescaling', () => [L.rescaling({ scale: 0.5, offset: 0.25 })]),

  image('centerCrop', () => [L.centerCrop({ height: 2, width: 3 })]),
];

/** What draws in training mode does nothing in this one. */
const noise: ModelCase[] = [
  vector('dropout', () => [L.dropout({ rate: 0.5 }), L.dense({ units: 2, activation: 'tanh' })]),
  sequence('spatialDropout1d', () => [L.spatialDropout1d({ rate: 0.5 })]),
  vector('gaussianNoise', () => [L.gaussianNoise({ stddev: 1 })]),
  vector('gaussianDropout', () => [L.gaussianDropout({ rate: 0.5 })]),
  vector('alphaDropout', () => [L.alphaDropout({ rate: 0.5 })]),
];

const two = (name: string, merge: (a: tf.SymbolicTensor, b: tf.SymbolicTensor) => tf.SymbolicTensor): ModelCase => ({
  name,
  build: () =>
    functional(
      [
        [4, 2],
        [4, 2],
      ],
      (a, b) => merge(stack(L.dense({ units: 3 }))(a), stack(L.dense({ units: 3, activation: 'tanh' }))(b)),
    ),
});
const merged = (layer: () => tf.layers.Layer) => (a: tf.SymbolicTensor, b: tf.SymbolicTensor) =>
  layer().apply([a, b]) as tf.SymbolicTensor;

const merges: ModelCase[] = [
  two(
    'add',
    merged(() => L.add()),
  ),
  two(
    'multiply',
    merged(() => L.multiply()),
  ),
  two(
    'average',
    merged(() => L.average()),
  ),
  two(
    'maximum',
    merged(() => L.maximum()),
  ),
  two(
    'minimum',
    merged(() => L.minimum()),
  ),
  two(
    'concatenate',
    merged(() => L.concatenate({ axis: 1 })),
  ),
  two(
    'dot',
    merged(() => L.dot({ axes: 2 })),
  ),
  two(
    'dot, normalized',
    merged(() => L.dot({ axes: 1, normalize: true })),
  ),
];

const recurrent: ModelCase[] = [
  chain('simpleRNN', [3, 2], () => [L.simpleRNN({ units: 2, name: 'rnn' })], {
    params: { rnn: { kernel: [2, 2], recurrent_kernel: [2, 2], bias: [2] } },
  }),
  chain('gru', [3, 2], () => [L.gru({ units: 2, returnSequences: true })]),
  chain('lstm', [3, 2], () => [L.lstm({ units: 2, recurrentActivation: 'sigmoid', goBackwards: true })]),
  chain('lstm with rates of dropout', [3, 2], () => [L.lstm({ units: 2, dropout: 0.5, recurrentDropout: 0.5 })]),
  chain('simpleRNN of open length', [null, 2], () => [L.simpleRNN({ units: 2 })]),
  chain('rnn of a cell with rates of dropout', [3, 2], () => [
    L.rnn({ cell: L.gruCell({ units: 2, dropout: 0.5, recurrentDropout: 0.25 }) as never }),
  ]),
  chain(
    'rnn of stacked cells',
    [3, 2],
    () => [
      L.rnn({
        cell: [L.lstmCell({ units: 2 }), L.gruCell({ units: 1 }), L.simpleRNNCell({ units: 2 })] as never,
        name: 'rnn',
      }),
    ],
    {
      params: {
        rnn: {
          cells: [
            { kernel: [2, 8], recurrent_kernel: [2, 8], bias: [8] },
            { kernel: [2, 3], recurrent_kernel: [1, 3], bias: [3] },
            { kernel: [1, 2], recurrent_kernel: [2, 2], bias: [2] },
          ],
        },
      },
    },
  ),
  chain(
    'bidirectional',
    [3, 2],
    () => [
      L.bidirectional({
        layer: L.gru({ units: 1, returnSequences: true }) as never,
        mergeMode: 'concat',
        name: 'both',
      }),
    ],
    {
      params: {
        both: {
          forward: { kernel: [2, 3], recurrent_kernel: [1, 3], bias: [3] },
          backward: { kernel: [2, 3], recurrent_kernel: [1, 3], bias: [3] },
        },
      },
    },
  ),
  chain(
    'timeDistributed',
    [3, 2],
    () => [L.timeDistributed({ layer: L.dense({ units: 2, activation: 'tanh' }), name: 'each' })],
    {
      params: { each: { kernel: [2, 2], bias: [2] } },
    },
  ),
  chain('convLstm2d', [2, 3, 3, 1], () => [L.convLstm2d({ filters: 1, kernelSize: 2, dropout: 0.5 })]),
  {
    name: 'lstm with states in and out',
    build: () =>
      functional([[3, 2], [2], [2]], (x, h, c) => {
        const [y, , state] = L.lstm({ units: 2, returnState: true }).apply([x, h, c]) as tf.SymbolicTensor[];
        return L.concatenate().apply([y, state]) as tf.SymbolicTensor;
      }),
  },
  ...Object.entries({
    'a simpleRNN': () => [L.simpleRNN({ units: 2 })],
    'gru and lstm, in both directions': () => [
      L.bidirectional({ layer: L.gru({ units: 2, returnSequences: true }) as tf.RNN, mergeMode: 'sum' }),
      L.lstm({ units: 2, goBackwards: true }),
    ],
    'stacked cells': () => [
      L.rnn({ cell: [L.lstmCell({ units: 2 }), L.gruCell({ units: 2 })], returnSequences: true }),
      L.timeDistributed({ layer: L.dense({ units: 1 }) }),
    ],
  }).map(([name, layers]) =>
    chain(`masking, ${name}`, [3, 2], () => [L.masking({ maskValue: 0 }), ...layers()], {
      inputs: () => [tf.tensor([0.5, -0.2, 0, 0, 0.3, 0.9, 0.1, 0.4, -0.7, 0.6, 0, 0], [2, 3, 2])],
    }),
  ),
];

const embeddings: ModelCase[] = [
  chain(
    'embedding',
    [3],
    () => [L.embedding({ inputDim: 5, outputDim: 2, name: 'words' }), L.flatten(), L.dense({ units: 1, name: 'out' })],
    {
      inputs: () => integers([2, 3], [0, 4, 1, 1, 1, 3]),
      params: { words: { embeddings: [5, 2] }, out: { kernel: [6, 1], bias: [1] } },
    },
  ),
  chain(
    'embedding that masks',
    [3],
    () => [L.embedding({ inputDim: 5, outputDim: 2, maskZero: true }), L.lstm({ units: 1 })],
    {
      inputs: () => integers([2, 3], [3, 4, 0, 1, 0, 0]),
    },
  ),
];

const put = (name: string, build: () => tf.LayersModel, params?: ModelCase['params']): ModelCase => ({
  name,
  build,
  ...(params ? { params } : {}),
});

const composition: ModelCase[] = [
  put('a sequential model', () =>
    tf.sequential({ layers: [L.dense({ units: 3, inputShape: [4], activation: 'tanh' }), L.dense({ units: 1 })] }),
  ),
  put('several outputs', () =>
    functional([[3]], (x) => [stack(L.dense({ units: 2 }))(x), stack(L.dense({ units: 1, activation: 'tanh' }))(x)]),
  ),
  put(
    'a model in a model',
    () => {
      const inner = tf.sequential({
        name: 'inner',
        layers: [L.dense({ units: 2, inputShape: [3], name: 'a' }), L.dense({ units: 2, name: 'b' })],
      });
      return functional([[3]], (x) =>
        stack(inner, L.activation({ activation: 'tanh' }), L.dense({ units: 1, name: 'a' }))(x),
      );
    },
    { inner: { a: { kernel: [3, 2], bias: [2] }, b: { kernel: [2, 2], bias: [2] } }, a: { kernel: [2, 1], bias: [1] } },
  ),
  put(
    'a sequential model that begins with one',
    () => {
      const inner = tf.sequential({
        name: 'first',
        layers: [L.dense({ units: 2, inputShape: [3], name: 'a', activation: 'tanh' })],
      });
      return tf.sequential({ layers: [inner, L.dense({ units: 1, name: 'b' })] });
    },
    { first: { a: { kernel: [3, 2], bias: [2] } }, b: { kernel: [2, 1], bias: [1] } },
  ),
  put(
    'a layer used twice',
    () => {
      const shared = L.dense({ units: 3, activation: 'tanh', name: 'shared' });
      return functional([[3]], (x) => stack(shared, shared, L.dense({ units: 1, name: 'out' }))(x));
    },
    { shared: { kernel: [3, 3], bias: [3] }, out: { kernel: [3, 1], bias: [1] } },
  ),
  put('a layer shared with a model in the model', () => {
    const shared = L.dense({ units: 3, activation: 'tanh', name: 'shared' });
    const inner = functional([[3]], (x) => stack(shared)(x), { name: 'inner' });
    return functional([[3]], (x) => L.add().apply([stack(inner)(x), stack(shared)(x)]) as tf.SymbolicTensor);
  }),
  put(
    'a layer that isn’t trainable',
    () => {
      const model = functional([[3]], (x) =>
        stack(L.dense({ units: 3, name: 'frozen' }), L.dense({ units: 1, name: 'head' }))(x),
      );
      model.getLayer('frozen').trainable = false;
      return model;
    },
    { head: { kernel: [3, 1], bias: [1] } },
  ),
  put(
    'names with a slash',
    () =>
      functional([[3]], (x) => stack(L.dense({ units: 2, name: 'block/a' }), L.dense({ units: 1, name: 'out' }))(x)),
    { 'block/a': { kernel: [3, 2], bias: [2] }, out: { kernel: [2, 1], bias: [1] } },
  ),
  put(
    'time-distributed model',
    () => {
      const inner = tf.sequential({
        layers: [
          L.dense({ units: 2, inputShape: [2], name: 'a', activation: 'tanh' }),
          L.dense({ units: 1, name: 'b' }),
        ],
      });
      return functional([[3, 2]], (x) => stack(L.timeDistributed({ layer: inner, name: 'each' }))(x));
    },
    { each: { a: { kernel: [2, 2], bias: [2] }, b: { kernel: [2, 1], bias: [1] } } },
  ),
];

export const cases: readonly ModelCase[] = [
  ...activations,
  ...convolutions,
  ...pooling,
  ...normalization,
  ...shapes,
  ...noise,
  ...merges,
  ...recurrent,
  ...embeddings,
  ...composition,
];
