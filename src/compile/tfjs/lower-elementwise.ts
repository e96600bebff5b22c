/** Lowerings of elementwise primitives. */

import type * as tf from '@tensorflow/tfjs-core';
import type { Aval, Dtype } from '../../ir/aval.ts';
import type { PrimitiveParams } from '../../ir/params.ts';
import type { Lowering, Site, Tf } from './lowering.ts';

type None = Record<never, never>;

export const unary =
  (call: (tf: Tf, x: tf.Tensor) => tf.Tensor): Lowering<None> =>
  ({ tf }) =>
  ([x]) =>
    call(tf, x);

export const binary =
  (call: (tf: Tf, x: tf.Tensor, y: tf.Tensor) => tf.Tensor): Lowering<None> =>
  ({ tf }) =>
  ([x, y]) =>
    call(tf, x, y);

/** The library's `mod` has the divisor's sign; of two that aren't negative it is C's. */
export const rem = binary((tf, x, y) => tf.mul(tf.sign(x), tf.mod(tf.abs(x), tf.abs(y))));

/** Of int32 bit by bit, of bools by truth. */
export const and: Lowering<None> = ({ tf, output }) =>
  output.dtype === 'int32' ? ([x, y]) => tf.bitwiseAnd(x, y) : ([x, y]) => tf.logicalAnd(x, y);

export const select: Lowering<None> =
  ({ tf }) =>
  ([condition, x, y]) =>
    tf.where(condition, x, y);

const truth = (tf: Tf, x: tf.Tensor): tf.Tensor => tf.notEqual(x, tf.scalar(0, x.dtype as 'int32'));

/** On WebGPU a cast only says that whole numbers are float32, which some of its kernels don't believe (4.22). */
export const converted = ({ tf, backend }: Pick<Site<unknown>, 'tf' | 'backend'>, dtype: Dtype) =>
  backend === 'webgpu' && dtype === 'float32'
    ? (x: tf.Tensor): tf.Tensor => tf.mul(tf.cast(x, 'float32'), 1)
    : (x: tf.Tensor): tf.Tensor => tf.cast(x, dtype as tf.DataType);

export const cast: Lowering<PrimitiveParams['cast']> = (site) => {
  const { dtype } = site.output;
  if (dtype === 'bool') return ([x]) => truth(site.tf, x);
  const convert = converted(site, dtype);
  return ([x]) => convert(x);
};

/** For backends move and choose numbers, and not all of them truth values. */
export const asNumbers =
  <P>(lower: Lowering<P>): Lowering<P> =>
  (site) => {
    if (site.output.dtype !== 'bool') return lower(site);
    const int32 = (aval: Aval): Aval => ({ ...aval, dtype: 'int32' });
    // What a choice depends on stays as it is, and so do indices.
    const moved = site.inputs.map(({ dtype }, k) => dtype === 'bool' && !(k === 0 && site.inputs.length === 3));
    const inputs = site.inputs.map((aval, k) => (moved[k] ? int32(aval) : aval));
    const call = lower({ ...site, inputs, output: int32(site.output) });
    return (operands) => truth(site.tf, call(operands.map((x, k) => (moved[k] ? site.tf.cast(x, 'int32') : x))));
  };
