/** Programs that fusing must get right, small enough to be looked at. */

import type { Atom, Program } from '../../src/ir/program.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';

/** Every element one place on along an axis, periodically. */
const roll = (ops: Ops, x: Atom, by: 1 | -1, axis: number): Atom => {
  const length = x.aval.shape[axis];
  const cut = by === 1 ? length - 1 : 1;
  return ops.concat([ops.sliceAxis(x, axis, cut, length), ops.sliceAxis(x, axis, 0, cut)], axis);
};

/** Steps of a periodic five-point stencil on a plane, over the last axes that are batched. */
export const stencil = (steps: number, shape: readonly number[], dtype: 'float32' | 'float64'): Program => {
  const ops = newOps();
  let u: Atom = ops.input({ shape, dtype });
  for (let k = 0; k < steps; k++) {
    const sides = [roll(ops, u, 1, 0), roll(ops, u, -1, 0), roll(ops, u, 1, 1), roll(ops, u, -1, 1)];
    const sum = sides.reduce((a, b) => ops.add(a, b));
    u = ops.add(u, ops.mul(ops.sub(sum, ops.mul(u, 4)), 0.125));
  }
  return ops.build([u]);
};
