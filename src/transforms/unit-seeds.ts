/** A tile's seeds as dense arrays: unit vectors that no later pass sees through. */

import { type FloatDtype, type Shape, sizeOf } from '../ir/aval.ts';
import type { Atom } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';

/** e_i for each index of `local` (int32[width]), zero where it is none of the leaf's: `[width, …shape]`, or `[…shape, width]`. */
export const denseSeeds = (
  ops: Ops,
  local: Atom,
  shape: Shape,
  dtype: FloatDtype,
  batchAxis: 'leading' | 'trailing',
): Atom => {
  const [width] = local.aval.shape;
  const size = sizeOf(shape);
  const leading = batchAxis === 'leading';
  const flat = leading ? [width, size] : [size, width];
  const places = ops.iota(flat, leading ? 1 : 0);
  const hot = ops.cast(ops.binary('eq', places, ops.broadcast(local, flat, [leading ? 0 : 1])), dtype);
  return ops.reshape(hot, leading ? [width, ...shape] : [...shape, width]);
};
