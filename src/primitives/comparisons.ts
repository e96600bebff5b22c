/** Comparisons and the logic of truth values: two operands, a bool result, no derivative. */

import type { Dtype } from '../ir/aval.ts';
import type { PrimitiveName } from '../ir/params.ts';
import { BOOL, binary, type Elementwise, NUMBER, noTangent } from './elementwise.ts';

const ANY: readonly Dtype[] = [...NUMBER, 'bool'];

const predicate = (
  name: PrimitiveName,
  operands: readonly Dtype[],
  holds: (x: number, y: number) => boolean,
): Elementwise =>
  binary(name, {
    operands,
    result: 'bool',
    value: (x, y) => (holds(x, y) ? 1 : 0),
    sparsity: 'none',
    jvp: noTangent,
  });

export const eq = predicate('eq', ANY, (x, y) => x === y);
export const ne = predicate('ne', ANY, (x, y) => x !== y);
export const lt = predicate('lt', NUMBER, (x, y) => x < y);
export const le = predicate('le', NUMBER, (x, y) => x <= y);
export const gt = predicate('gt', NUMBER, (x, y) => x > y);
export const ge = predicate('ge', NUMBER, (x, y) => x >= y);
export const and = predicate('and', BOOL, (x, y) => x !== 0 && y !== 0);
export const or = predicate('or', BOOL, (x, y) => x !== 0 || y !== 0);
export const xor = predicate('xor', BOOL, (x, y) => x !== y);
