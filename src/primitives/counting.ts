/** iota and one_hot: arrays that count along an axis, and rows with a single 1. */

import { sizeOf } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import { expectCount, misfit } from './checks.ts';
import { noTangent } from './elementwise.ts';
import type { Primitive } from './primitive.ts';

export const iota: Primitive<PrimitiveParams['iota']> = {
  algebra: 'other',
  sparsity: 'none',
  shape: (inputs, { shape, axis, dtype }) => {
    expectCount('iota', inputs, 0);
    if (!(axis >= 0 && axis < shape.length)) throw misfit('iota', inputs, `axis ${axis} is not an axis of [${shape}]`);
    return { shape, dtype };
  },
  evaluate: (_inputs, { shape, axis }, output) => {
    const inner = sizeOf(shape.slice(axis + 1));
    const { data } = output;
    for (let i = 0; i < data.length; i++) data[i] = Math.floor(i / inner) % shape[axis];
  },
  jvp: noTangent,
  transpose: 'nonlinear',
  vmap: () => {
    throw malformed('iota has no operand, so it has no batch.');
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, _inputs, { shape, axis, dtype }) => (shape[axis] === 1 ? ops.literal(0, shape, dtype) : undefined),
};

export const oneHot: Primitive<PrimitiveParams['one_hot']> = {
  algebra: 'other',
  sparsity: 'none',
  shape: (inputs, { depth, dtype }) => {
    expectCount('one_hot', inputs, 1);
    if (inputs[0].dtype !== 'int32') throw misfit('one_hot', inputs, 'its indices are int32');
    return { shape: [...inputs[0].shape, depth], dtype };
  },
  evaluate: ([indices], { depth }, output) => {
    for (let i = 0; i < indices.data.length; i++) {
      const index = indices.data[i];
      if (index >= 0 && index < depth) output.data[i * depth + index] = 1;
    }
  },
  jvp: noTangent,
  transpose: 'nonlinear',
  vmap: (ops, [{ value, axis }], { depth, dtype }) => ({ value: ops.oneHot(value, depth, dtype), axis }),
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [indices], { depth }, output) => {
    if (indices.kind !== 'literal') return undefined;
    if (indices.value < 0 || indices.value >= depth) return ops.literal(0, output.shape, output.dtype);
    return depth === 1 ? ops.literal(1, output.shape, output.dtype) : undefined;
  },
};
