/** The lowering of dot: operands laid out as matrices, with as few transposes as can be. */

import type * as tf from '@tensorflow/tfjs-core';
import { type Aval, type Shape, sizeOf } from '../../ir/aval.ts';
import type { DotParams } from '../../ir/params.ts';
import { joinedAxes, permuted, shaped } from './lower-movement.ts';
import type { Lowering, Site, Tf } from './lowering.ts';

interface Laid {
  /** The operand as [batch, …, …]. */
  readonly lay: (x: tf.Tensor) => tf.Tensor;
  /** Whether its last two axes stand the other way round. */
  readonly turned: boolean;
}

type Labels = readonly number[];

const staysInPlace = (shape: Shape, order: readonly number[]): boolean =>
  joinedAxes(shape, order).order.every((axis, i) => axis === i);

/** An operand as [batch, rows, columns], or with these exchanged where that moves nothing. */
const laid = (
  site: Site<unknown>,
  { shape, dtype }: Aval,
  own: Labels,
  [batch, rows, columns]: readonly Labels[],
): Laid => {
  const axes = (...labels: Labels[]): number[] => labels.flat().map((label) => own.indexOf(label));
  const sizes = [batch, rows, columns].map((labels) => sizeOf(axes(labels).map((axis) => shape[axis])));
  const straight = axes(batch, rows, columns);
  const other = axes(batch, columns, rows);
  // WebAssembly has fast products of straight matrices alone.
  const mayTurn = dtype === 'float32' && site.backend !== 'wasm';
  const turned = mayTurn && !staysInPlace(shape, straight) && staysInPlace(shape, other);
  const move = permuted(site, dtype, shape, turned ? other : straight);
  const matrix = turned ? [sizes[0], sizes[2], sizes[1]] : sizes;
  return { lay: (x) => shaped(site.tf, move(x), matrix), turned };
};

/** Products of whole numbers, for which backends have no matrix product: [b, m, k] and [b, n, k] → [b, m, n]. */
const wholeProduct = (tf: Tf, a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.sum(tf.mul(tf.expandDims(a, 2), tf.expandDims(b, 1)), 3);

export const dot: Lowering<DotParams> = (site) => {
  const { tf, inputs, output } = site;
  const { lhs, rhs, out } = site.params;
  const { dtype } = output;
  const batch = out.filter((label) => lhs.includes(label) && rhs.includes(label));
  const rows = out.filter((label) => !rhs.includes(label));
  const columns = out.filter((label) => !lhs.includes(label));
  const summed = lhs.filter((label) => !out.includes(label));
  const x = laid(site, inputs[0], lhs, [batch, rows, summed]);
  const y = laid(site, inputs[1], rhs, dtype === 'int32' ? [batch, columns, summed] : [batch, summed, columns]);
  const natural = [...batch, ...rows, ...columns];
  const extents = natural.map((label) => output.shape[out.indexOf(label)]);
  const arrange = permuted(
    site,
    dtype,
    extents,
    out.map((label) => natural.indexOf(label)),
  );
  const isElementwise = rows.length + columns.length + summed.length === 0;
  // WebAssembly keeps the second factor packed for its next product, whatever shape it has there (4.22).
  const second = site.backend === 'wasm' ? (b: tf.Tensor) => tf.mul(b, 1) : (b: tf.Tensor) => b;
  const isOuter = sizeOf(summed.map((label) => inputs[0].shape[lhs.indexOf(label)])) === 1;
  const product = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
    if (dtype === 'int32') return wholeProduct(tf, a, b);
    if (isOuter && !x.turned && !y.turned) return tf.mul(a, b);
    return tf.matMul(a, second(b), x.turned, y.turned);
  };
  return ([p, q]) => {
    const a = x.lay(p);
    const b = y.lay(q);
    if (isElementwise) return arrange(shaped(tf, tf.mul(a, b), extents));
    return arrange(shaped(tf, product(a, b), extents));
  };
};
