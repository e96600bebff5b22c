/** Lowerings of elementwise primitives: operands meet by the engine's own broadcasting. */

import { type Dtype, sameShape } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Tensor } from './graph.ts';
import type { Lowering } from './lowering.ts';
import { broadcastShape, type Site } from './site.ts';

type None = Record<never, never>;

/**
 * One node. Where operands differ in shape, axes on which all have length 1 are taken out: the engine would work
 * on runs of one element, 12 ns each (bench/lowering.ts).
 */
const emit = (site: Site, opType: string, operands: readonly Tensor[], dtype: Dtype, attributes = {}): Tensor => {
  const { graph } = site;
  const shape = broadcastShape(operands.map((t) => t.shape));
  const alike = operands.every((t) => sameShape(t.shape, shape));
  if (alike || !shape.includes(1)) return graph.node(opType, operands, dtype, shape, { attributes });
  const rank = shape.length;
  const squeezed = operands.map((t) =>
    graph.reshape(
      t,
      t.shape.filter((_, i) => shape[i + rank - t.shape.length] !== 1),
    ),
  );
  const dense = shape.filter((d) => d !== 1);
  return graph.reshape(graph.node(opType, squeezed, dtype, dense, { attributes }), shape);
};

/** One node of ONNX. */
export const native =
  (opType: string, attributes = {}): Lowering<None> =>
  (site, inputs, _params, output) =>
    emit(
      site,
      opType,
      inputs.map((a) => site.compact(a)),
      output.dtype,
      attributes,
    );

export const notEqual: Lowering<None> = (site, inputs, params, output) =>
  emit(site, 'Not', [native('Equal')(site, inputs, params, output)], 'bool');

/** Where has no bool kernel. */
const selectBool = (site: Site, [condition, a, b]: readonly Atom[]): Tensor => {
  const c = site.compact(condition);
  const whenTrue = emit(site, 'And', [c, site.compact(a)], 'bool');
  const whenFalse = emit(site, 'And', [emit(site, 'Not', [c], 'bool'), site.compact(b)], 'bool');
  return emit(site, 'Or', [whenTrue, whenFalse], 'bool');
};

export const select: Lowering<None> = (site, inputs, params, output) =>
  output.dtype === 'bool' ? selectBool(site, inputs) : native('Where')(site, inputs, params, output);

export const cast: Lowering<{ readonly dtype: Dtype }> = (site, [x], { dtype }) =>
  site.graph.cast(site.compact(x), dtype);
