/** Lowerings of elementwise primitives: operands meet by the engine's own broadcasting. */

import type { Dtype } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Tensor } from './graph.ts';
import type { Lowering } from './lowering.ts';
import { broadcastShape, type Site } from './site.ts';

type None = Record<never, never>;

const emit = (site: Site, opType: string, operands: readonly Tensor[], dtype: Dtype, attributes = {}): Tensor =>
  site.graph.node(opType, operands, dtype, broadcastShape(operands.map((t) => t.shape)), { attributes });

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
