/** What the tests of primitives share: random values, and programs of one equation. */

import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import { type Aval, allocate, type Dtype, isFloat, type Shape, sizeOf, type Value } from '../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../src/ir/params.ts';
import { newVar, type Program } from '../../src/ir/program.ts';
import { rulesOf } from '../../src/primitives/table.ts';

/** A small deterministic generator (mulberry32): uniform in [0, 1). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};

export const value = (shape: Shape, dtype: Dtype, fill: (i: number) => number): Value => {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = fill(i);
  return { shape, dtype, data };
};

/** A value from nested numbers' flat list. */
export const given = (shape: Shape, numbers: readonly number[], dtype: Dtype = 'float64'): Value =>
  value(shape, dtype, (i) => numbers[i]);

export const avalOf = ({ shape, dtype }: Value): Aval => ({ shape, dtype });

/** A program of one equation whose operands are its inputs; nothing is folded. */
export const oneEquation = (primitive: PrimitiveName, avals: readonly Aval[], params: Params): Program => {
  const inputs = avals.map((aval) => newVar(aval));
  const output = newVar(rulesOf(primitive).shape(avals, params));
  return { inputs, equations: [{ primitive, inputs, params, output }], outputs: [output] };
};

/** One equation's value. */
export const apply = (primitive: PrimitiveName, inputs: readonly Value[], params: Params = {}): Value =>
  evaluateProgram(oneEquation(primitive, inputs.map(avalOf), params), inputs)[0];

export const axpy = (a: number, x: Value, y: Value): Value => value(y.shape, y.dtype, (i) => a * x.data[i] + y.data[i]);

export const inner = (x: Value, y: Value): number => {
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) sum += x.data[i] * y.data[i];
  return sum;
};

export const tangentLike = (x: Value, random: () => number): Value => value(x.shape, x.dtype, () => 2 * random() - 1);

export const floatIndices = (values: readonly { readonly dtype: Dtype }[]): number[] =>
  values.map((_, i) => i).filter((i) => isFloat(values[i].dtype));

/** The largest difference, relative to the largest entry (at least 1). */
export const gap = (actual: Value, expected: Value): number => {
  let scale = 1;
  let largest = 0;
  for (let i = 0; i < expected.data.length; i++) {
    scale = Math.max(scale, Math.abs(expected.data[i]));
    largest = Math.max(largest, Math.abs(actual.data[i] - expected.data[i]));
  }
  return largest / scale;
};
