/** What shape rules ask of operands: one error that names the primitive and the avals that don't fit it. */

import type { DiffopsError } from '../errors.ts';
import { type Aval, type Dtype, printAval, type Shape, sameShape } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { PrimitiveName } from '../ir/params.ts';

/** The error for operands or params that a primitive can't take. */
export const misfit = (primitive: PrimitiveName, inputs: readonly Aval[], why: string): DiffopsError =>
  malformed(`${primitive} of ${inputs.map(printAval).join(' and ') || 'nothing'}: ${why}.`, { primitive });

export const expectCount = (primitive: PrimitiveName, inputs: readonly Aval[], count: number): void => {
  if (inputs.length !== count) throw misfit(primitive, inputs, `it takes ${count} operands`);
};

export const expectDtype = (primitive: PrimitiveName, inputs: readonly Aval[], allowed: readonly Dtype[]): void => {
  for (const { dtype } of inputs) {
    if (!allowed.includes(dtype)) throw misfit(primitive, inputs, `its operands are ${allowed.join(' or ')}`);
  }
};

/** All operands of one dtype, and of one shape. */
export const expectAlike = (primitive: PrimitiveName, inputs: readonly Aval[]): void => {
  for (const aval of inputs) {
    if (aval.dtype !== inputs[0].dtype) throw misfit(primitive, inputs, 'dtypes differ');
    if (!sameShape(aval.shape, inputs[0].shape)) throw misfit(primitive, inputs, 'shapes differ');
  }
};

export const expectAxis = (primitive: PrimitiveName, inputs: readonly Aval[], axis: number): void => {
  const rank = inputs[0].shape.length;
  if (!Number.isInteger(axis) || axis < 0 || axis >= rank) {
    throw misfit(primitive, inputs, `axis ${axis} is not in 0 … ${rank - 1}`);
  }
};

/** Axes in range, strictly increasing. */
export const expectAxes = (primitive: PrimitiveName, inputs: readonly Aval[], axes: readonly number[]): void => {
  for (const [i, axis] of axes.entries()) {
    expectAxis(primitive, inputs, axis);
    if (i > 0 && axis <= axes[i - 1]) throw misfit(primitive, inputs, `axes [${axes}] are not strictly increasing`);
  }
};

/** One whole number ≥ `least` per axis of the operand. */
export const expectPerAxis = (
  primitive: PrimitiveName,
  inputs: readonly Aval[],
  name: string,
  values: readonly number[],
  least: number,
): void => {
  if (values.length !== inputs[0].shape.length || !values.every((v) => Number.isInteger(v) && v >= least)) {
    throw misfit(primitive, inputs, `${name} [${values}] is not one whole number ≥ ${least} per axis`);
  }
};

export const expectShape = (primitive: PrimitiveName, inputs: readonly Aval[], shape: Shape): void => {
  if (!shape.every((d) => Number.isInteger(d) && d >= 0)) {
    throw misfit(primitive, inputs, `[${shape}] is not a shape`);
  }
};
