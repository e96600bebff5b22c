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
  for (let i = 0; i < inputs.length; i++) {
    if (!allowed.includes(inputs[i].dtype)) throw misfit(primitive, inputs, `its operands are ${allowed.join(' or ')}`);
  }
};

/** All operands of one dtype, and of one shape. */
export const expectAlike = (primitive: PrimitiveName, inputs: readonly Aval[]): void => {
  for (let i = 1; i < inputs.length; i++) {
    if (inputs[i].dtype !== inputs[0].dtype) throw misfit(primitive, inputs, 'dtypes differ');
    if (!sameShape(inputs[i].shape, inputs[0].shape)) throw misfit(primitive, inputs, 'shapes differ');
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
  for (let i = 0; i < axes.length; i++) {
    expectAxis(primitive, inputs, axes[i]);
    if (i > 0 && axes[i] <= axes[i - 1]) throw misfit(primitive, inputs, `axes [${axes}] are not strictly increasing`);
  }
};

const areWhole = (values: readonly number[], least: number): boolean => {
  for (let i = 0; i < values.length; i++) if (!Number.isInteger(values[i]) || values[i] < least) return false;
  return true;
};

/** One whole number ≥ `least` per axis of the operand. */
export const expectPerAxis = (
  primitive: PrimitiveName,
  inputs: readonly Aval[],
  name: string,
  values: readonly number[],
  least: number,
): void => {
  if (values.length !== inputs[0].shape.length || !areWhole(values, least)) {
    throw misfit(primitive, inputs, `${name} [${values}] is not one whole number ≥ ${least} per axis`);
  }
};

export const expectShape = (primitive: PrimitiveName, inputs: readonly Aval[], shape: Shape): void => {
  if (!areWhole(shape, 0)) {
    throw misfit(primitive, inputs, `[${shape}] is not a shape`);
  }
};
