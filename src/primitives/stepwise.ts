/** Elementwise functions of one operand that are constant between steps, so that their derivative is zero. */

import { BOOL, FLOAT, NUMBER, unary } from './elementwise.ts';
import { roundHalfEven } from './special-functions.ts';

export const sign = unary('sign', { operands: NUMBER, value: Math.sign, slope: null });
export const floor = unary('floor', { operands: FLOAT, value: Math.floor, slope: null });
export const ceil = unary('ceil', { operands: FLOAT, value: Math.ceil, slope: null });
export const round = unary('round', { operands: FLOAT, value: roundHalfEven, slope: null });
export const isNan = unary('is_nan', {
  operands: FLOAT,
  result: 'bool',
  value: (x) => (Number.isNaN(x) ? 1 : 0),
  slope: null,
});
export const isInf = unary('is_inf', {
  operands: FLOAT,
  result: 'bool',
  value: (x) => (x === Infinity || x === -Infinity ? 1 : 0),
  slope: null,
});
export const not = unary('not', {
  operands: BOOL,
  value: (x) => 1 - x,
  slope: null,
  fold: (ops, [x]) => {
    const maker = ops.maker(x);
    return maker?.primitive === 'not' ? maker.inputs[0] : undefined;
  },
});
