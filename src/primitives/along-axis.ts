/** argmax, argmin, argtopk, cumsum: what goes along one axis from its first element to its last. */

import { type Aval, sizeOf, type Value } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import { isZero } from '../ir/program.ts';
import { past, removed } from './batching.ts';
import { expectAxis, expectCount, expectDtype, misfit } from './checks.ts';
import { NUMBER, noTangent } from './elementwise.ts';
import type { Primitive } from './primitive.ts';

/** Visits each line along an axis: where it starts, and how far apart its elements are. */
const eachLine = ({ shape }: Aval, axis: number, visit: (start: number, step: number, line: number) => void): void => {
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) visit(o * shape[axis] * inner + i, inner, o * inner + i);
  }
};

const argExtremum = (
  name: 'argmax' | 'argmin',
  better: (x: number, best: number) => boolean,
): Primitive<PrimitiveParams['argmax']> => ({
  algebra: 'other',
  sparsity: 'none',
  shape: (inputs, { axis }) => {
    expectCount(name, inputs, 1);
    expectDtype(name, inputs, NUMBER);
    expectAxis(name, inputs, axis);
    return { shape: removed(inputs[0].shape, axis), dtype: 'int32' };
  },
  evaluate: ([x], { axis }, output) => {
    const { data } = x;
    eachLine(x, axis, (start, step, line) => {
      let best = 0;
      for (let k = 1; k < x.shape[axis]; k++) {
        if (better(data[start + k * step], data[start + best * step])) best = k;
      }
      output.data[line] = best;
    });
  },
  jvp: noTangent,
  transpose: 'nonlinear',
  vmap: (ops, [{ value, axis: batch }], { axis }) => {
    const at = batch as number;
    const moved = past(axis, at);
    return { value: ops.emit(name, [value], { axis: moved }), axis: moved < at ? at - 1 : at };
  },
  cost: ([x]) => sizeOf(x.shape),
  fold: (ops, [x], { axis }, output) =>
    x.kind === 'literal' || x.aval.shape[axis] === 1 ? ops.literal(0, output.shape, 'int32') : undefined,
});

export const argmax = argExtremum('argmax', (x, best) => x > best);
export const argmin = argExtremum('argmin', (x, best) => x < best);

/** Whether the element at `a` of a line comes before the one at `b`: it is greater, or equal and earlier. */
const comesBefore = (keys: Float64Array, a: number, b: number): boolean =>
  keys[a] > keys[b] || (keys[a] === keys[b] && a < b);

export const argtopk: Primitive<PrimitiveParams['argtopk']> = {
  algebra: 'other',
  sparsity: 'none',
  shape: (inputs, { axis, k }) => {
    expectCount('argtopk', inputs, 1);
    expectDtype('argtopk', inputs, NUMBER);
    expectAxis('argtopk', inputs, axis);
    const { shape } = inputs[0];
    if (!(k >= 0 && k <= shape[axis])) throw misfit('argtopk', inputs, `axis ${axis} has no ${k} elements`);
    return { shape: shape.with(axis, k), dtype: 'int32' };
  },
  evaluate: ([x], { axis, k }, output) => {
    const length = x.shape[axis];
    const keys = new Float64Array(length);
    const order = new Int32Array(length);
    eachLine(x, axis, (start, step) => {
      for (let i = 0; i < length; i++) {
        const key = x.data[start + i * step];
        keys[i] = Number.isNaN(key) ? Number.POSITIVE_INFINITY : key;
        order[i] = i;
      }
      order.sort((a, b) => (comesBefore(keys, a, b) ? -1 : 1));
      const outer = Math.floor(start / (step * length));
      const first = outer * step * k + (start % step);
      for (let i = 0; i < k; i++) output.data[first + i * step] = order[i];
    });
  },
  jvp: noTangent,
  transpose: 'nonlinear',
  vmap: (ops, [{ value, axis: batch }], { axis, k }) => ({
    value: ops.argtopk(value, past(axis, batch as number), k),
    axis: batch,
  }),
  cost: ([x], { axis }) => sizeOf(x.shape) * Math.max(1, Math.ceil(Math.log2(x.shape[axis]))),
  fold: (ops, [x], { axis }, output) => (x.kind === 'literal' ? ops.iota(output.shape, axis) : undefined),
};

const cumulate = (x: Value, { axis, exclusive, reverse }: PrimitiveParams['cumsum'], output: Value): void => {
  const length = x.shape[axis];
  const from = x.data;
  const to = output.data;
  eachLine(x, axis, (start, step) => {
    let sum = 0;
    for (let k = 0; k < length; k++) {
      const at = start + (reverse ? length - 1 - k : k) * step;
      if (exclusive) to[at] = sum;
      sum += from[at];
      if (!exclusive) to[at] = sum;
    }
  });
};

export const cumsum: Primitive<PrimitiveParams['cumsum']> = {
  algebra: 'contraction',
  sparsity: 'mixed',
  shape: (inputs, { axis }) => {
    expectCount('cumsum', inputs, 1);
    expectDtype('cumsum', inputs, NUMBER);
    expectAxis('cumsum', inputs, axis);
    return inputs[0];
  },
  evaluate: ([x], params, output) => cumulate(x, params, output),
  jvp: (ops, _inputs, [tangent], { axis, exclusive, reverse }) =>
    tangent && ops.cumsum(tangent, axis, exclusive, reverse),
  transpose: (ops, ct, _inputs, { axis, exclusive, reverse }) => [ops.cumsum(ct, axis, exclusive, !reverse)],
  vmap: (ops, [{ value, axis: batch }], { axis, exclusive, reverse }) => ({
    value: ops.cumsum(value, past(axis, batch as number), exclusive, reverse),
    axis: batch,
  }),
  cost: ([x]) => sizeOf(x.shape),
  fold: (ops, [x], { axis, exclusive }) => {
    if (isZero(x)) return x;
    if (x.aval.shape[axis] !== 1) return undefined;
    return exclusive ? ops.full(x, 0) : x;
  },
};
