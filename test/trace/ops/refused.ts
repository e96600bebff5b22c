/** Public functions of tfjs that no recorded function can use on traced tensors, with the error that says so. */

import * as tf from '@tensorflow/tfjs';
import type { ErrorCode } from '../../../src/errors.ts';
import { bools, floats, type Input, ints } from '../kernels/case.ts';

export interface RefusedCall {
  readonly code: ErrorCode;
  /** What its message must say. */
  readonly says: RegExp;
  readonly inputs: readonly Input[];
  // biome-ignore lint/suspicious/noExplicitAny: each function has operands of its own ranks
  readonly f: (...operands: any[]) => unknown;
}

const shapes = (inputs: readonly Input[], f: RefusedCall['f']): RefusedCall => ({
  code: 'UNSUPPORTED_OP',
  says: /(shape depends on values.*tf\.where|so would the shape.*tf\.gather)/s,
  inputs,
  f,
});

const reads = (inputs: readonly Input[], f: RefusedCall['f']): RefusedCall => ({
  code: 'CONCRETIZATION',
  says: /values|string|number/,
  inputs,
  f,
});

const random = (f: RefusedCall['f']): RefusedCall => ({ code: 'RANDOM', says: /data/, inputs: [floats([3])], f });

const boxes = [floats([2, 4]), floats([2], 2)];
const vector = floats([3]);
const at = (...list: number[]): tf.Tensor1D => tf.tensor1d(list, 'int32');

export const refusedCalls: Readonly<Record<string, RefusedCall>> = {
  unique: shapes([ints([3], [1, 1, 2])], (t) => tf.unique(t).values),
  raggedGather: shapes([vector], (t) => tf.raggedGather([at(0, 2, 3)], t, at(1), 1).outputDenseValues),
  raggedRange: shapes([ints([1], [1]), ints([1], [4])], (a, b) => tf.raggedRange(a, b, at(1)).rtDenseValues),
  raggedTensorToTensor: shapes([vector], (t) =>
    tf.raggedTensorToTensor(at(2, 2), t, tf.scalar(0), [at(0, 1, 3)], ['ROW_SPLITS']),
  ),
  'sparse.sparseFillEmptyRows': shapes(
    [floats([1])],
    (t) => tf.sparse.sparseFillEmptyRows(tf.tensor2d([[1, 0]], [1, 2], 'int32'), t, at(2, 2), 0).outputValues,
  ),
  'sparse.sparseReshape': shapes(
    [ints([1, 2], [1, 0])],
    (t) => tf.sparse.sparseReshape(t, at(2, 2), at(4)).outputIndices,
  ),
  'image.nonMaxSuppression': shapes(boxes, (b, s) => tf.image.nonMaxSuppression(b, s, 1)),
  'image.nonMaxSuppressionWithScore': shapes(
    boxes,
    (b, s) => tf.image.nonMaxSuppressionWithScore(b, s, 1).selectedScores,
  ),
  'image.nonMaxSuppressionPadded': shapes(boxes, (b, s) => tf.image.nonMaxSuppressionPadded(b, s, 1).selectedIndices),

  'image.nonMaxSuppressionAsync': reads(boxes, (b, s) => tf.image.nonMaxSuppressionAsync(b, s, 1)),
  'image.nonMaxSuppressionWithScoreAsync': reads(boxes, (b, s) => tf.image.nonMaxSuppressionWithScoreAsync(b, s, 1)),
  'image.nonMaxSuppressionPaddedAsync': reads(boxes, (b, s) => tf.image.nonMaxSuppressionPaddedAsync(b, s, 1)),
  booleanMaskAsync: reads([vector, bools([3], [1, 0, 1])], (t, m) => tf.booleanMaskAsync(t, m)),
  whereAsync: reads([bools([3], [1, 0, 1])], (t) => tf.whereAsync(t)),
  inTopKAsync: reads([floats([2, 3]), ints([2], [1, 0])], (t, i) => tf.inTopKAsync(t, i)),
  setdiff1dAsync: reads([vector, floats([2])], (a, b) => tf.setdiff1dAsync(a, b)),
  print: reads([vector], (t) => tf.print(t)),
  'browser.toPixels': reads([floats([2, 2])], (t) => tf.browser.toPixels(t)),

  multinomial: { ...random((t) => tf.multinomial(t, 2, 1)) },
  dropout: random((t) => tf.dropout(t, 0.5)),
  rand: random((t) =>
    tf.mul(
      t,
      tf.rand([3], () => 0.5),
    ),
  ),
  randomGamma: random((t) => tf.mul(t, tf.randomGamma([3], 1))),
  randomNormal: random((t) => tf.mul(t, tf.randomNormal([3]))),
  randomStandardNormal: random((t) => tf.mul(t, tf.randomStandardNormal([3]))),
  randomUniform: random((t) => tf.mul(t, tf.randomUniform([3]))),
  randomUniformInt: random((t) => tf.mul(t, tf.randomUniformInt([3], 0, 5))),
  truncatedNormal: random((t) => tf.mul(t, tf.truncatedNormal([3]))),
};

/** Functions that take no tensor, take no part in computing, or have no place in a function of x: why. */
export const apart: Readonly<Record<string, readonly string[]>> = {
  'strings: they have no place in a program': [
    'string.staticRegexReplace',
    'string.stringNGrams',
    'string.stringSplit',
    'string.stringToHashBucketFast',
  ],
  'pixels: read and written outside of a function': ['browser.draw', 'browser.fromPixels', 'browser.fromPixelsAsync'],
  'measuring: asynchronous': ['profile', 'time', 'nextFrame'],
  'a variable, made and assigned outside of a function': ['variable', 'disposeVariables'],
  'numbers and names in JavaScript': ['cosineWindow', 'enclosingPowerOfTwo', 'sumOutType', 'upcastType'],
  'the engine and its backends': [
    ...['backend', 'copyRegisteredKernels', 'deprecationWarn', 'disableDeprecationWarnings', 'enableDebugMode'],
    ...[
      'enableProdMode',
      'engine',
      'env',
      'findBackend',
      'findBackendFactory',
      'getBackend',
      'getGradient',
      'getKernel',
    ],
    ...['getKernelsForBackend', 'memory', 'op', 'ready', 'registerBackend', 'registerGradient', 'registerKernel'],
    ...['removeBackend', 'setBackend', 'setPlatform', 'unregisterGradient', 'unregisterKernel', 'train'],
  ],
};
