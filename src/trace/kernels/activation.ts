/** Activation functions, their tie rules as in jax.nn, and the activations of fused kernels. */

import { backend_util, type fused } from '@tensorflow/tfjs-core';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, matched, throughFloat, unsupported } from './operands.ts';

/** GraphModels have fused tanh, too, which the cpu and WebGL backends of tfjs refuse. */
export type Activation = NonNullable<Parameters<typeof fused.matMul>[0]['activation']> | 'tanh';

/** Derivative 0 at 0. Written so that NaN stays NaN. */
const relu = (ops: Ops, x: Atom): Atom => ops.select(ops.binary('le', x, 0), 0, x);

/** Derivative 0 at both ends. */
const relu6 = (ops: Ops, x: Atom): Atom =>
  ops.select(ops.binary('le', x, 0), 0, ops.select(ops.binary('ge', x, 6), 6, x));

/** The branch that isn't taken sees 0, so that no overflow of its own reaches a derivative. */
const elu = (ops: Ops, x: Atom): Atom => {
  const positive = ops.binary('gt', x, 0);
  return ops.select(positive, x, ops.unary('expm1', ops.select(positive, 0, x)));
};

const selu = (ops: Ops, x: Atom): Atom => {
  const positive = ops.binary('gt', x, 0);
  const negativePart = ops.mul(ops.unary('expm1', ops.select(positive, 0, x)), backend_util.SELU_SCALEALPHA);
  return ops.select(positive, ops.mul(x, backend_util.SELU_SCALE), negativePart);
};

/** Derivative 1 at 0. */
const leakyRelu = (ops: Ops, x: Atom, alpha: Atom | number): Atom =>
  ops.select(ops.binary('ge', x, 0), x, ops.mul(x, alpha));

const prelu = (context: KernelContext, x: Atom, alpha: Atom): Atom => {
  const [v, slope] = matched(context, asFloat(context, x), asFloat(context, alpha));
  return leakyRelu(context.ops, v, slope);
};

/** The activation of a fused matrix product or convolution. */
export const activate = (
  context: KernelContext,
  x: Atom,
  activation: Activation | undefined,
  preluWeights?: Atom,
  leakyreluAlpha?: number,
): Atom => {
  const { ops } = context;
  switch (activation) {
    case undefined:
    case 'linear':
      return x;
    case 'relu':
      return relu(ops, x);
    case 'relu6':
      return relu6(ops, x);
    case 'elu':
      return elu(ops, x);
    case 'sigmoid':
      return ops.unary('logistic', x);
    case 'prelu':
      return prelu(context, x, preluWeights as Atom);
    case 'tanh':
      return ops.unary('tanh', x);
    case 'leakyrelu':
      // So it is in GraphModels where it was fused to a depthwise convolution: tfjs-converter loses it, and tfjs gives NaN.
      if (leakyreluAlpha === undefined) {
        throw unsupported(
          ops.scope ?? 'A fused op',
          'the activation leakyrelu without leakyreluAlpha',
          'its slope left of 0 is unknown.',
          'Give leakyreluAlpha, or apply tf.leakyRelu to what the op gives without an activation.',
        );
      }
      return leakyRelu(ops, x, leakyreluAlpha);
    default:
      throw unsupported(
        ops.scope ?? 'A fused op',
        `the activation ${activation satisfies never}`,
        'diffops knows no such activation.',
        'Apply it to what the op gives without one.',
      );
  }
};

const float =
  (f: (ops: Ops, x: Atom) => Atom): KernelRule =>
  (context, { x }) =>
    throughFloat(context, x, (v) => f(context.ops, v));

/** 1 above zero, `alpha` elsewhere; NaN stays NaN. */
const step: KernelRule = (context, { x }, { alpha }: { alpha: number }) => {
  const { ops } = context;
  return throughFloat(context, x, (v) => {
    const stepped = ops.select(ops.binary('gt', v, 0), ops.full(v, 1), ops.full(v, alpha));
    return ops.select(ops.unary('is_nan', v), Number.NaN, stepped);
  });
};

/** The kernel that tfjs' own gradient of elu calls, in terms of elu's result y. */
const eluGrad: KernelRule = (context, { dy, y }) => {
  const { ops } = context;
  return ops.select(ops.binary('ge', y, 0), dy, ops.mul(dy, ops.add(y, 1)));
};

export const activations = {
  Relu: float(relu),
  Relu6: float(relu6),
  Elu: float(elu),
  Selu: float(selu),
  Sigmoid: float((ops, x) => ops.unary('logistic', x)),
  Softplus: float((ops, x) => ops.unary('softplus', x)),
  LeakyRelu: (context, { x }, { alpha }: { alpha: number }) => leakyRelu(context.ops, asFloat(context, x), alpha),
  Prelu: (context, { x, alpha }) => prelu(context, x, alpha),
  Step: step,
  EluGrad: eluGrad,
} satisfies KernelFamily;
