/** broadcast: an array repeated along new axes. */

import { sizeOf, stridesOf } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import { inserted, past } from './batching.ts';
import { expectCount, expectShape, misfit } from './checks.ts';
import type { Primitive } from './primitive.ts';
import { walk } from './strided.ts';

export const broadcast: Primitive<PrimitiveParams['broadcast']> = {
  algebra: 'selection',
  sparsity: 'moved',
  shape: (inputs, { shape, axes }) => {
    expectCount('broadcast', inputs, 1);
    expectShape('broadcast', inputs, shape);
    const operand = inputs[0].shape;
    let fits = axes.length === operand.length;
    for (let i = 0; i < axes.length; i++) {
      fits &&= shape[axes[i]] === operand[i] && axes[i] >= 0 && (i === 0 || axes[i] > axes[i - 1]);
    }
    if (!fits) throw misfit('broadcast', inputs, `its axes don't go to [${axes}] of [${shape}]`);
    return { shape, dtype: inputs[0].dtype };
  },
  evaluate: ([x], { axes }, output) => {
    const own = stridesOf(x.shape);
    const strides = output.shape.map(() => 0);
    for (const [i, axis] of axes.entries()) strides[axis] = own[i];
    walk(
      'copy',
      output.shape,
      { data: x.data, offset: 0, strides },
      { data: output.data, offset: 0, strides: stridesOf(output.shape) },
    );
  },
  jvp: (ops, _inputs, tangents, { shape, axes }) => tangents[0] && ops.broadcast(tangents[0], shape, axes),
  transpose: (ops, ct, _inputs, { shape, axes }) => [
    ops.sum(
      ct,
      shape.map((_, i) => i).filter((i) => !axes.includes(i)),
    ),
  ],
  vmap: (ops, [{ value, axis }], { shape, axes }, size) => {
    const from = axis as number;
    // Leading stays leading and trailing trailing; between, it stays before the axis that it was before.
    const to = from === 0 ? 0 : from < axes.length ? axes[from] : shape.length;
    const places = axes.map((i) => past(i, to));
    return { value: ops.broadcast(value, inserted(shape, to, size), inserted(places, from, to)), axis: to };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, inputs, { shape, axes }) => {
    const x = inputs[0];
    if (x.kind === 'literal') return ops.literal(x.value, shape, x.aval.dtype);
    // Only axes of length 1 are new.
    if (shape.every((d, i) => d === 1 || axes.includes(i))) return ops.reshape(x, shape);
    const maker = ops.maker(x);
    if (maker?.primitive === 'broadcast') {
      const inner = maker.params.axes as readonly number[];
      return ops.broadcast(
        maker.inputs[0],
        shape,
        inner.map((i) => axes[i]),
      );
    }
    if (maker?.primitive === 'reshape') {
      // Of a reshape that only puts in axes of length 1: those become new axes of the broadcast.
      const source = maker.inputs[0];
      const places: number[] = [];
      for (const [i, d] of x.aval.shape.entries()) {
        if (places.length < source.aval.shape.length && source.aval.shape[places.length] === d) places.push(axes[i]);
        else if (d !== 1) return undefined;
      }
      return places.length === source.aval.shape.length ? ops.broadcast(source, shape, places) : undefined;
    }
    return undefined;
  },
};
