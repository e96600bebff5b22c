/** Comparisons and the logic of truth values: two operands, a bool result, no derivative. */

import type { Dtype } from '../ir/aval.ts';
import type { PrimitiveName } from '../ir/params.ts';
import { BOOL, binary, type Elementwise, type Loop, NUMBER, noTangent } from './elementwise.ts';

const ANY: readonly Dtype[] = [...NUMBER, 'bool'];

// Each with a loop of its own, which the compiler makes several times faster than one that calls a function.
const predicate = (name: PrimitiveName, operands: readonly Dtype[], loop: Loop): Elementwise =>
  binary(name, { operands, result: 'bool', loop, sparsity: 'none', jvp: noTangent });

export const eq = predicate('eq', ANY, (x, dx, y, dy, out) => {
  for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] === y[q] ? 1 : 0;
});
export const ne = predicate('ne', ANY, (x, dx, y, dy, out) => {
  for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] !== y[q] ? 1 : 0;
});
export const lt = predicate('lt', NUMBER, (x, dx, y, dy, out) => {
  for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] < y[q] ? 1 : 0;
});
export const le = predicate('le', NUMBER, (x, dx, y, dy, out) => {
  for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] <= y[q] ? 1 : 0;
});
export const gt = predicate('gt', NUMBER, (x, dx, y, dy, out) => {
  for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] > y[q] ? 1 : 0;
});
export const ge = predicate('ge', NUMBER, (x, dx, y, dy, out) => {
  for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] >= y[q] ? 1 : 0;
});
export const and = binary('and', {
  operands: ['bool', 'int32'],
  loop: (x, dx, y, dy, out) => {
    for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] & y[q];
  },
  sparsity: 'none',
  jvp: noTangent,
});
export const or = predicate('or', BOOL, (x, dx, y, dy, out) => {
  for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] | y[q];
});
export const xor = predicate('xor', BOOL, (x, dx, y, dy, out) => {
  for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] ^ y[q];
});
