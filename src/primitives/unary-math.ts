/** The elementwise functions of one operand that have a derivative, each with its slope. */

import { FLOAT, NUMBER, TRANSCENDENTAL, unary } from './elementwise.ts';
import { erf as erfValue, logistic as logisticValue, softplus as softplusValue } from './special-functions.ts';

const smooth = { operands: FLOAT, cost: TRANSCENDENTAL };

/** Its slope is sign(x): 0 at 0. */
export const abs = unary('abs', { operands: NUMBER, value: Math.abs, slope: (ops, x) => ops.unary('sign', x) });
export const exp = unary('exp', { ...smooth, value: Math.exp, slope: (_ops, _x, y) => y });
export const expm1 = unary('expm1', { ...smooth, value: Math.expm1, slope: (ops, _x, y) => ops.add(y, 1) });
export const log = unary('log', { ...smooth, value: Math.log, slope: (ops, x) => ops.div(1, x) });
export const log1p = unary('log1p', { ...smooth, value: Math.log1p, slope: (ops, x) => ops.div(1, ops.add(x, 1)) });
export const sqrt = unary('sqrt', {
  operands: FLOAT,
  cost: 6,
  value: Math.sqrt,
  slope: (ops, _x, y) => ops.div(0.5, y),
});

export const sin = unary('sin', { ...smooth, value: Math.sin, slope: (ops, x) => ops.unary('cos', x) });
export const cos = unary('cos', { ...smooth, value: Math.cos, slope: (ops, x) => ops.neg(ops.unary('sin', x)) });
export const tan = unary('tan', { ...smooth, value: Math.tan, slope: (ops, _x, y) => ops.add(ops.mul(y, y), 1) });
export const asin = unary('asin', {
  ...smooth,
  value: Math.asin,
  slope: (ops, x) => ops.div(1, ops.unary('sqrt', ops.mul(ops.sub(1, x), ops.add(x, 1)))),
});
export const acos = unary('acos', {
  ...smooth,
  value: Math.acos,
  slope: (ops, x) => ops.div(-1, ops.unary('sqrt', ops.mul(ops.sub(1, x), ops.add(x, 1)))),
});
export const atan = unary('atan', {
  ...smooth,
  value: Math.atan,
  slope: (ops, x) => ops.div(1, ops.add(ops.mul(x, x), 1)),
});

export const sinh = unary('sinh', { ...smooth, value: Math.sinh, slope: (ops, x) => ops.unary('cosh', x) });
export const cosh = unary('cosh', { ...smooth, value: Math.cosh, slope: (ops, x) => ops.unary('sinh', x) });
// (1 − y)(1 + y) keeps the digits that 1 − y² loses where y is near ±1.
export const tanh = unary('tanh', {
  ...smooth,
  value: Math.tanh,
  slope: (ops, _x, y) => ops.mul(ops.sub(1, y), ops.add(y, 1)),
});
export const asinh = unary('asinh', {
  ...smooth,
  value: Math.asinh,
  slope: (ops, x) => ops.div(1, ops.unary('sqrt', ops.add(ops.mul(x, x), 1))),
});
export const acosh = unary('acosh', {
  ...smooth,
  value: Math.acosh,
  slope: (ops, x) => ops.div(1, ops.unary('sqrt', ops.mul(ops.sub(x, 1), ops.add(x, 1)))),
});
export const atanh = unary('atanh', {
  ...smooth,
  value: Math.atanh,
  slope: (ops, x) => ops.div(1, ops.mul(ops.sub(1, x), ops.add(x, 1))),
});

export const erf = unary('erf', {
  ...smooth,
  value: erfValue,
  slope: (ops, x) => ops.mul(ops.unary('exp', ops.neg(ops.mul(x, x))), 2 / Math.sqrt(Math.PI)),
});
export const logistic = unary('logistic', {
  ...smooth,
  value: logisticValue,
  slope: (ops, _x, y) => ops.mul(y, ops.sub(1, y)),
});
export const softplus = unary('softplus', {
  ...smooth,
  cost: 2 * TRANSCENDENTAL,
  value: softplusValue,
  slope: (ops, x) => ops.unary('logistic', x),
});
