/** What the conformance tests make of the primitives' samples. */

import type { Aval, Dtype } from '../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../src/ir/params.ts';
import { rulesOf } from '../../src/primitives/table.ts';
import type { Sample } from '../primitives/samples.ts';
import { value } from '../primitives/support.ts';

/** The primitive takes operands of these avals. */
export const takes = (name: PrimitiveName, avals: readonly Aval[], params: Params): boolean => {
  try {
    rulesOf(name).shape(avals, params);
    return true;
  } catch {
    return false;
  }
};

const retypedParams = (params: Params, dtype: Dtype, name: PrimitiveName): Params => {
  if (name === 'pad' && dtype === 'bool') return { ...params, value: Number((params.value as number) > 0) };
  return params.dtype === 'float64' && dtype === 'float32' && name !== 'cast' ? { ...params, dtype } : params;
};

/** A sample with its float64 operands in another dtype. */
export const retyped = ({ inputs, params }: Sample<Params>, dtype: Dtype, name: PrimitiveName): Sample<Params> => ({
  inputs: inputs.map((x) =>
    x.dtype === 'float64' ? value(x.shape, dtype, (i) => (dtype === 'bool' ? Number(x.data[i] > 0) : x.data[i])) : x,
  ),
  params: retypedParams(params, dtype, name),
});
