/**
 * gather and scatter_add: elements taken from, and added to, places that an int32 array names. An index out of
 * range names no place: gather gives 0 for it, scatter_add drops it.
 */

import { type Aval, sizeOf, type Value } from '../ir/aval.ts';
import type { PrimitiveName, PrimitiveParams } from '../ir/params.ts';
import { type Atom, isZero } from '../ir/program.ts';
import { batchedAt, past } from './batching.ts';
import { expectAxis, expectCount, expectDtype, misfit } from './checks.ts';
import { NUMBER } from './elementwise.ts';
import type { Ops } from './ops.ts';
import type { Batched, Primitive } from './primitive.ts';

const expectIndices = (name: PrimitiveName, inputs: readonly Aval[]): void => {
  expectCount(name, inputs, 2);
  if (inputs[1].dtype !== 'int32') throw misfit(name, inputs, 'its indices are int32');
};

/** Batched indices, one table of `length` for each of the batch, as indices into the tables laid end to end. */
const offsetIndices = (ops: Ops, indices: Batched, length: number): Atom => {
  const leading = ops.moveAxis(indices.value, indices.axis as number, 0);
  const { shape } = leading.aval;
  const places = ops.add(leading, ops.mul(ops.iota(shape, 0), length));
  const valid = ops.binary('and', ops.binary('ge', leading, 0), ops.binary('lt', leading, length));
  return ops.select(valid, places, -1);
};

/** For each block of `inner` elements of `updates`, where in the operand it stands; −1: nowhere. */
const eachBlock = (
  long: Value,
  indices: Value,
  axis: number,
  length: number,
  visit: (at: number, place: number, inner: number) => void,
): void => {
  const count = indices.data.length;
  const outer = sizeOf(long.shape.slice(0, axis));
  const inner = sizeOf(long.shape.slice(axis + indices.shape.length));
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < count; k++) {
      const index = indices.data[k];
      if (index >= 0 && index < length) visit((o * count + k) * inner, (o * length + index) * inner, inner);
    }
  }
};

export const gather: Primitive<PrimitiveParams['gather']> = {
  algebra: 'selection',
  sparsity: 'moved',
  shape: (inputs, { axis }) => {
    expectIndices('gather', inputs);
    expectAxis('gather', inputs, axis);
    const [{ shape, dtype }, indices] = inputs;
    return { shape: [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)], dtype };
  },
  evaluate: ([x, indices], { axis }, output) => {
    const from = x.data;
    const to = output.data;
    eachBlock(output, indices, axis, x.shape[axis], (at, place, inner) => {
      for (let j = 0; j < inner; j++) to[at + j] = from[place + j];
    });
  },
  jvp: (ops, [, indices], [tangent], { axis }) => tangent && ops.gather(tangent, indices, axis),
  transpose: (ops, ct, [, indices], { axis }, [x]) => {
    if (!indices) throw misfit('gather', [x], 'transpose met it linear in its indices');
    return [ops.scatterAdd(ct, indices, axis, x.shape[axis]), undefined];
  },
  vmap: (ops, [x, indices], { axis }, size) => {
    if (indices.axis === null) {
      const at = x.axis as number;
      const moved = past(axis, at);
      const rank = indices.value.aval.shape.length;
      return { value: ops.gather(x.value, indices.value, moved), axis: at < moved ? at : at + rank - 1 };
    }
    if (x.axis === null) return { value: ops.gather(x.value, indices.value, axis), axis: axis + indices.axis };
    const table = ops.moveAxis(x.value, x.axis, axis);
    const { shape } = table.aval;
    const length = shape[axis + 1];
    const flat = ops.reshape(table, [...shape.slice(0, axis), size * length, ...shape.slice(axis + 2)]);
    return { value: ops.gather(flat, offsetIndices(ops, indices, length), axis), axis };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, [x, indices], { axis }, output) => {
    if (isZero(x)) return ops.literal(0, output.shape, output.dtype);
    if (indices.kind !== 'literal') return undefined;
    if (indices.value < 0 || indices.value >= x.aval.shape[axis]) return ops.literal(0, output.shape, output.dtype);
    const row = ops.sliceAxis(x, axis, indices.value, indices.value + 1);
    const { shape } = x.aval;
    const rest = ops.reshape(row, [...shape.slice(0, axis), ...shape.slice(axis + 1)]);
    const rank = indices.aval.shape.length;
    return ops.broadcast(
      rest,
      output.shape,
      rest.aval.shape.map((_, i) => (i < axis ? i : i + rank)),
    );
  },
};

export const scatterAdd: Primitive<PrimitiveParams['scatter_add']> = {
  algebra: 'contraction',
  sparsity: 'summed',
  shape: (inputs, { axis, size }) => {
    expectIndices('scatter_add', inputs);
    expectDtype('scatter_add', inputs, NUMBER);
    const [{ shape, dtype }, indices] = inputs;
    const fits = axis >= 0 && indices.shape.every((d, i) => shape[axis + i] === d);
    if (!fits) throw misfit('scatter_add', inputs, `the updates don't have the indices' shape at axis ${axis}`);
    return { shape: [...shape.slice(0, axis), size, ...shape.slice(axis + indices.shape.length)], dtype };
  },
  evaluate: ([updates, indices], { axis, size }, output) => {
    const from = updates.data;
    const to = output.data;
    eachBlock(updates, indices, axis, size, (at, place, inner) => {
      for (let j = 0; j < inner; j++) to[place + j] += from[at + j];
    });
  },
  jvp: (ops, [, indices], [tangent], { axis, size }) => tangent && ops.scatterAdd(tangent, indices, axis, size),
  transpose: (ops, ct, [, indices], { axis }, [updates]) => {
    if (!indices) throw misfit('scatter_add', [updates], 'transpose met it linear in its indices');
    return [ops.gather(ct, indices, axis), undefined];
  },
  vmap: (ops, [updates, indices], { axis, size: length }, size) => {
    const rank = indices.value.aval.shape.length - (indices.axis === null ? 0 : 1);
    if (indices.axis === null) {
      const at = updates.axis as number;
      if (at <= axis) return { value: ops.scatterAdd(updates.value, indices.value, axis + 1, length), axis: at };
      if (at >= axis + rank) {
        return { value: ops.scatterAdd(updates.value, indices.value, axis, length), axis: at - rank + 1 };
      }
      const leading = ops.moveAxis(updates.value, at, 0);
      return { value: ops.scatterAdd(leading, indices.value, axis + 1, length), axis: 0 };
    }
    const flat = ops.scatterAdd(
      batchedAt(ops, updates, size, axis),
      offsetIndices(ops, indices, length),
      axis,
      size * length,
    );
    const { shape } = flat.aval;
    return { value: ops.reshape(flat, [...shape.slice(0, axis), size, length, ...shape.slice(axis + 1)]), axis };
  },
  cost: ([updates]) => sizeOf(updates.shape),
  fold: (ops, [updates], _params, output) => (isZero(updates) ? ops.literal(0, output.shape, output.dtype) : undefined),
};
