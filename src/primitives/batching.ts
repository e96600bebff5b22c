/** What batching rules share: where a batch axis goes, and how operands come to have it at one place. */

import type { Atom } from '../ir/program.ts';
import type { Ops } from './ops.ts';
import type { Batched } from './primitive.ts';

/** `list` with `item` put in before position `at`. */
export const inserted = <T>(list: readonly T[], at: number, item: T): T[] => {
  const longer: T[] = [];
  for (let i = 0; i < at; i++) longer.push(list[i]);
  longer.push(item);
  for (let i = at; i < list.length; i++) longer.push(list[i]);
  return longer;
};

/** `list` without position `at`. */
export const removed = <T>(list: readonly T[], at: number): T[] => [...list.slice(0, at), ...list.slice(at + 1)];

/** The place of an operand's axis once a batch axis stands at `batch`. */
export const past = (axis: number, batch: number): number => (axis < batch ? axis : axis + 1);

/** An unbatched atom repeated along a new axis. */
const repeated = (ops: Ops, x: Atom, size: number, at: number): Atom => {
  const { shape } = x.aval;
  return ops.broadcast(
    x,
    inserted(shape, at, size),
    shape.map((_, i) => past(i, at)),
  );
};

/** An operand with its batch axis at `at`: moved there, or repeated if it has none. */
export const batchedAt = (ops: Ops, { value, axis }: Batched, size: number, at: number): Atom =>
  axis === null ? repeated(ops, value, size, at) : ops.moveAxis(value, axis, at);

/** Where the first batched operand has its batch axis; the axis that the others move to. */
const firstBatchAxis = (inputs: readonly Batched[]): number => {
  for (let i = 0; i < inputs.length; i++) {
    const { axis } = inputs[i];
    if (axis !== null) return axis;
  }
  return 0;
};

/** All operands with their batch axes at one place. */
export const aligned = (ops: Ops, inputs: readonly Batched[], size: number): { values: Atom[]; axis: number } => {
  const axis = firstBatchAxis(inputs);
  return { values: inputs.map((b) => batchedAt(ops, b, size, axis)), axis };
};
