/** select and cast: choosing between two operands, and changing dtype. */

import { type Dtype, isFloat, sameShape, sizeOf, type TypedArray, type Value } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import { expectAlike, expectCount, misfit } from './checks.ts';
import { elementwiseVmap, stepOf } from './elementwise.ts';
import type { Primitive } from './primitive.ts';

const chooseInto = (condition: Value, a: Value, b: Value, out: TypedArray): void => {
  const dc = stepOf(condition);
  const da = stepOf(a);
  const db = stepOf(b);
  const [c, x, y] = [condition.data, a.data, b.data];
  for (let i = 0, p = 0, q = 0, r = 0; i < out.length; i++, p += dc, q += da, r += db) {
    out[i] = c[p] !== 0 ? x[q] : y[r];
  }
};

export const select: Primitive<PrimitiveParams['select']> = {
  algebra: 'diagonal',
  sparsity: 'aligned',
  shape: (inputs) => {
    expectCount('select', inputs, 3);
    if (inputs[0].dtype !== 'bool') throw misfit('select', inputs, 'its condition is bool');
    expectAlike('select', inputs.slice(1));
    if (!sameShape(inputs[0].shape, inputs[1].shape)) throw misfit('select', inputs, 'shapes differ');
    return inputs[1];
  },
  evaluate: ([condition, a, b], _params, output) => chooseInto(condition, a, b, output.data),
  jvp: (ops, [condition], [, ta, tb], _params, output) => {
    if (!ta && !tb) return null;
    const zero = ops.full(output, 0);
    return ops.select(condition, ta ?? zero, tb ?? zero);
  },
  transpose: (ops, ct, [condition, a, b]) => {
    if (!condition) throw misfit('select', [], 'transpose met it linear in its condition');
    const zero = ops.full(ct, 0);
    return [
      undefined,
      a ? undefined : ops.select(condition, ct, zero),
      b ? undefined : ops.select(condition, zero, ct),
    ];
  },
  vmap: (ops, inputs, _params, size) => elementwiseVmap(ops, 'select', inputs, size),
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [condition, a, b]) => {
    if (condition.kind === 'literal') return condition.value !== 0 ? a : b;
    if (a === b || (a.kind === 'literal' && b.kind === 'literal' && Object.is(a.value, b.value))) return a;
    const maker = ops.maker(condition);
    return maker?.primitive === 'not' ? ops.select(maker.inputs[0], b, a) : undefined;
  },
};

const DTYPES: readonly Dtype[] = ['float32', 'float64', 'int32', 'bool'];

/** float → int32 truncates toward zero, what is out of range stops at int32's ends and NaN is 0; → bool is x ≠ 0. */
const castInto = (x: Value, out: Value): void => {
  const dx = stepOf(x);
  const from = x.data;
  const to = out.data;
  if (out.dtype === 'bool') for (let i = 0, p = 0; i < to.length; i++, p += dx) to[i] = from[p] !== 0 ? 1 : 0;
  else if (out.dtype === 'int32') {
    for (let i = 0, p = 0; i < to.length; i++, p += dx) to[i] = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, from[p]));
  } else for (let i = 0, p = 0; i < to.length; i++, p += dx) to[i] = from[p];
};

export const cast: Primitive<PrimitiveParams['cast']> = {
  algebra: 'diagonal',
  sparsity: 'aligned',
  shape: (inputs, { dtype }) => {
    expectCount('cast', inputs, 1);
    if (!DTYPES.includes(dtype)) throw misfit('cast', inputs, `${dtype} is no dtype`);
    return { shape: inputs[0].shape, dtype };
  },
  evaluate: ([x], _params, output) => castInto(x, output),
  jvp: (ops, _inputs, [tangent], { dtype }) => (tangent && isFloat(dtype) ? ops.cast(tangent, dtype) : null),
  transpose: (ops, ct, _inputs, _params, [x]) => [ops.cast(ct, x.dtype)],
  vmap: (ops, inputs, params, size) => elementwiseVmap(ops, 'cast', inputs, size, params),
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (_ops, [x], { dtype }) => (x.aval.dtype === dtype ? x : undefined),
};
