/** Kernels that compare elements with each other: the k greatest, and places in sorted sequences. */

import { sizeOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelFamily, KernelRule } from '../kernel.ts';
import { batchedGather } from './indexing.ts';
import { asNumber, promoted } from './operands.ts';

/** From each row of a matrix the elements at `places`, int32 in 0 … length−1, one list for each row. */
const takenByRow = (ops: Ops, x: Atom, places: Atom): Atom => batchedGather(ops, x, places, 1, 1);

/** Always sorted: without `sorted`, tfjs leaves the order open. The values are taken by place, and so differentiable. */
const topK: KernelRule = (context, { x }, { k }: { k: number }) => {
  const { ops } = context;
  const leading = x.aval.shape.slice(0, -1);
  const length = x.aval.shape.at(-1) as number;
  const rows = sizeOf(leading);
  const table = ops.reshape(x, [rows, length]);
  const places = ops.argtopk(asNumber(context, table), 1, k);
  return [takenByRow(ops, table, places), places].map((found) => ops.reshape(found, [...leading, k]));
};

/** In sequences up to here all elements are compared with each value; in longer ones, half of what is left is ruled out again and again. */
const LONGEST_COMPARED = 32;

/** How many elements of each row of `sequence`, sorted, come before each value of that row: int32 like `values`. */
const counted = (ops: Ops, precedes: 'lt' | 'le', sequence: Atom, values: Atom): Atom => {
  const [rows, length] = sequence.aval.shape;
  const count = values.aval.shape[1];
  if (length <= LONGEST_COMPARED) {
    const all = [rows, count, length];
    const before = ops.binary(precedes, ops.broadcast(sequence, all, [0, 2]), ops.broadcast(values, all, [0, 1]));
    return ops.sum(ops.cast(before, 'int32'), [2]);
  }
  let found: Atom = ops.literal(0, values.aval.shape, 'int32');
  for (let step = 2 ** Math.floor(Math.log2(length)); step >= 1; step /= 2) {
    const next = ops.add(found, step);
    const inside = ops.binary('le', next, length);
    const last = takenByRow(ops, sequence, ops.sub(ops.binary('min', next, length), 1));
    found = ops.select(ops.binary('and', inside, ops.binary(precedes, last, values)), next, found);
  }
  return found;
};

const searchSorted: KernelRule = (context, inputs, { side }: { side: 'left' | 'right' }) => {
  const [sequence, values] = promoted(context, inputs.sortedSequence, inputs.values);
  return counted(context.ops, side === 'left' ? 'lt' : 'le', asNumber(context, sequence), asNumber(context, values));
};

export const sorting = { TopK: topK, SearchSorted: searchSorted } satisfies KernelFamily;
