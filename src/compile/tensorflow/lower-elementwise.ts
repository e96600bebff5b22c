/** Lowerings of elementwise primitives: an operation of TensorFlow for each. */

import type { Dtype } from '../../ir/aval.ts';
import type { Lowering } from './lowering.ts';

type None = Record<never, never>;

/** A primitive that is one operation. */
export const native =
  (op: string): Lowering<None> =>
  (site, inputs, _params, output) =>
    site.graph.node(op, site.operands(inputs), output);

/** The same of truth values, whose operations have no type. */
export const logical =
  (op: string): Lowering<None> =>
  (site, inputs, _params, output) =>
    site.graph.untyped(op, site.operands(inputs), output, {});

export const and: Lowering<None> = (site, inputs, params, output) =>
  (output.dtype === 'bool' ? logical('LogicalAnd') : native('BitwiseAnd'))(site, inputs, params, output);

export const select: Lowering<None> = (site, inputs, _params, output) => {
  const [condition, a, b] = site.operands(inputs);
  return site.graph.node('SelectV2', [condition, a, b], output, { T: { type: output.dtype } });
};

export const cast: Lowering<{ readonly dtype: Dtype }> = (site, [x], { dtype }) => site.graph.cast(site.full(x), dtype);
