/** concat: arrays one after the other along an axis. */

import { sizeOf, stridesOf } from '../ir/aval.ts';
import type { PrimitiveParams } from '../ir/params.ts';
import type { Atom } from '../ir/program.ts';
import { aligned, past } from './batching.ts';
import { expectAxis, misfit } from './checks.ts';
import type { Ops } from './ops.ts';
import { partAlong } from './parts.ts';
import type { Primitive } from './primitive.ts';
import { walk } from './strided.ts';

/** A concat of one array between literals of one value, as a pad. */
const asPad = (ops: Ops, inputs: readonly Atom[], axis: number): Atom | undefined => {
  const at = inputs.findIndex((a) => a.kind !== 'literal');
  const value = inputs.find((a) => a.kind === 'literal')?.value;
  if (value === undefined) return undefined;
  if (!inputs.every((a, i) => i === at || (a.kind === 'literal' && Object.is(a.value, value)))) return undefined;
  const extent = (parts: readonly Atom[]): number => parts.reduce((sum, a) => sum + a.aval.shape[axis], 0);
  const { shape } = inputs[at].aval;
  const low = shape.map((_, i) => (i === axis ? extent(inputs.slice(0, at)) : 0));
  const high = shape.map((_, i) => (i === axis ? extent(inputs.slice(at + 1)) : 0));
  return ops.pad(inputs[at], low, high, undefined, value);
};

/** A concat of the back and then the front of one array, as a roll. */
const asRoll = (ops: Ops, inputs: readonly Atom[], axis: number): Atom | undefined => {
  if (inputs.length !== 2) return undefined;
  const [first, second] = [ops.maker(inputs[0]), ops.maker(inputs[1])];
  const back = partAlong(first, axis);
  const front = back && partAlong(second, axis);
  if (!first || !back || !front || first.inputs[0] !== second?.inputs[0]) return undefined;
  const isWhole = front[0] === 0 && front[1] === back[0] && back[1] === first.inputs[0].aval.shape[axis];
  return isWhole ? ops.roll(first.inputs[0], axis, back[0]) : undefined;
};

export const concat: Primitive<PrimitiveParams['concat']> = {
  algebra: 'selection',
  sparsity: 'moved',
  shape: (inputs, { axis }) => {
    if (inputs.length === 0) throw misfit('concat', inputs, 'it takes at least one operand');
    expectAxis('concat', inputs, axis);
    const { shape, dtype } = inputs[0];
    let extent = 0;
    for (let k = 0; k < inputs.length; k++) {
      const aval = inputs[k];
      const fits = aval.shape.length === shape.length && aval.shape.every((d, i) => i === axis || d === shape[i]);
      if (!fits || aval.dtype !== dtype) throw misfit('concat', inputs, `they differ in more than axis ${axis}`);
      extent += aval.shape[axis];
    }
    return { shape: shape.with(axis, extent), dtype };
  },
  evaluate: (inputs, { axis }, output) => {
    const strides = stridesOf(output.shape);
    let offset = 0;
    for (const { shape, data } of inputs) {
      walk('copy', shape, { data, offset: 0, strides: stridesOf(shape) }, { data: output.data, offset, strides });
      offset += shape[axis] * strides[axis];
    }
  },
  jvp: (ops, inputs, tangents, { axis }) =>
    tangents.some((t) => t)
      ? ops.concat(
          tangents.map((t, i) => t ?? ops.full(inputs[i], 0)),
          axis,
        )
      : null,
  transpose: (ops, ct, inputs, { axis }, avals) => {
    let end = 0;
    return inputs.map((known, i) => {
      const begin = end;
      end += avals[i].shape[axis];
      return known ? undefined : ops.sliceAxis(ct, axis, begin, end);
    });
  },
  vmap: (ops, inputs, { axis }, size) => {
    const { values, axis: at } = aligned(ops, inputs, size);
    return { value: ops.concat(values, past(axis, at)), axis: at };
  },
  cost: (_inputs, _params, output) => sizeOf(output.shape),
  fold: (ops, inputs, { axis }, output) => {
    if (inputs.length === 1 || inputs.some((a) => a.aval.shape[axis] === 0)) {
      const filled = inputs.filter((a) => a.aval.shape[axis] !== 0);
      if (filled.length === 0) return inputs[0];
      return filled.length === 1 ? filled[0] : ops.concat(filled, axis);
    }
    if (!inputs.some((a) => a.kind === 'literal')) return asRoll(ops, inputs, axis);
    const first = inputs[0];
    if (first.kind === 'literal' && inputs.every((a) => a.kind === 'literal' && Object.is(a.value, first.value))) {
      return ops.literal(first.value, output.shape, output.dtype);
    }
    return asPad(ops, inputs, axis);
  },
};
