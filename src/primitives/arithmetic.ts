/** neg, add, sub, mul, div: the elementwise arithmetic that is linear in an operand. */

import { isFloat } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import { type Atom, isZero } from '../ir/program.ts';
import { binary, NUMBER, unary } from './elementwise.ts';
import type { Ops } from './ops.ts';
import { sumOfPads } from './slice-pad-folds.ts';

const isOne = (a: Atom): boolean => a.kind === 'literal' && a.value === 1;

/** The operand of `neg`, if that made this atom. */
const negated = (ops: Ops, a: Atom): Atom | undefined => {
  const maker = ops.maker(a);
  return maker?.primitive === 'neg' ? maker.inputs[0] : undefined;
};

/** x and the factor, if this atom is x times a literal. */
const scaled = (ops: Ops, a: Atom): { readonly x: Atom; readonly by: number } | undefined => {
  const maker = ops.maker(a);
  if (maker?.primitive !== 'mul') return undefined;
  const c = maker.inputs[1];
  return c.kind === 'literal' ? { x: maker.inputs[0], by: c.value } : undefined;
};

/** x times a factor that came of two literals; undefined where the factor over- or underflows on its own. */
const times = (ops: Ops, x: Atom, factor: number): Atom | undefined => {
  if (!isFloat(x.aval.dtype)) return undefined;
  const size = Math.abs(factor);
  return size > 1e-30 && size < 1e30 ? ops.mul(x, factor) : undefined;
};

export const neg = unary('neg', {
  operands: NUMBER,
  loop: (x, dx, out) => {
    for (let i = 0, p = 0; i < out.length; i++, p += dx) out[i] = -x[p];
  },
  slope: (ops, x) => ops.full(x, -1),
  transpose: (ops, ct) => [ops.neg(ct)],
  fold: (ops, inputs) => {
    const x = inputs[0];
    const inner = negated(ops, x);
    if (inner) return inner;
    const maker = ops.maker(x);
    if (maker?.primitive === 'sub') return ops.sub(maker.inputs[1], maker.inputs[0]);
    const product = scaled(ops, x);
    return product && times(ops, product.x, -product.by);
  },
});

export const add = binary('add', {
  operands: NUMBER,
  loop: (x, dx, y, dy, out) => {
    for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] + y[q];
  },
  jvp: (ops, _inputs, tangents) => ops.addMaybe(tangents[0], tangents[1]),
  transpose: (_ops, ct, inputs) => [inputs[0] ? undefined : ct, inputs[1] ? undefined : ct],
  fold: (ops, inputs) => {
    const x = inputs[0];
    const y = inputs[1];
    if (isZero(x)) return y;
    if (isZero(y)) return x;
    if (x.kind === 'literal') return ops.add(y, x);
    if (x === y) return ops.mul(x, 2);
    const joined = sumOfPads(ops, x, y);
    if (joined) return joined;
    const minusY = negated(ops, y);
    if (minusY) return ops.sub(x, minusY);
    const minusX = negated(ops, x);
    return minusX && ops.sub(y, minusX);
  },
});

export const sub = binary('sub', {
  operands: NUMBER,
  loop: (x, dx, y, dy, out) => {
    for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] - y[q];
  },
  jvp: (ops, _inputs, tangents) => {
    const tx = tangents[0];
    const ty = tangents[1];
    if (!ty) return tx;
    return tx ? ops.sub(tx, ty) : ops.neg(ty);
  },
  transpose: (ops, ct, inputs) => [inputs[0] ? undefined : ct, inputs[1] ? undefined : ops.neg(ct)],
  fold: (ops, inputs) => {
    const x = inputs[0];
    const y = inputs[1];
    if (isZero(y)) return x;
    if (isZero(x)) return ops.neg(y);
    const minusY = negated(ops, y);
    return minusY && ops.add(x, minusY);
  },
});

export const mul = binary('mul', {
  operands: NUMBER,
  loop: (x, dx, y, dy, out) => {
    for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] * y[q];
  },
  integer: Math.imul,
  jvp: (ops, inputs, tangents) => {
    const x = inputs[0];
    const y = inputs[1];
    const tx = tangents[0];
    const ty = tangents[1];
    if (x === y && tx && tx === ty) return ops.mul(tx, ops.mul(x, 2));
    return ops.addMaybe(tx && ops.mul(tx, y), ty && ops.mul(ty, x));
  },
  transpose: (ops, ct, inputs) => {
    const x = inputs[0];
    const y = inputs[1];
    if (!x && !y) throw malformed('transpose met mul of two linear operands.');
    return [y && !x ? ops.mul(ct, y) : undefined, x && !y ? ops.mul(ct, x) : undefined];
  },
  fold: (ops, inputs) => {
    const x = inputs[0];
    const y = inputs[1];
    if (isZero(x)) return ops.full(y, 0);
    if (isZero(y)) return ops.full(x, 0);
    if (isOne(x)) return y;
    if (isOne(y)) return x;
    if (x.kind === 'literal') return ops.mul(y, x);
    const minusX = negated(ops, x);
    const minusY = negated(ops, y);
    if (minusX && minusY) return ops.mul(minusX, minusY);
    if (y.kind === 'literal') {
      if (y.value === -1) return ops.neg(x);
      if (minusX) return ops.mul(minusX, -y.value);
      const product = scaled(ops, x);
      return product && times(ops, product.x, product.by * y.value);
    }
    return undefined;
  },
});

const isPowerOfTwo = (c: number): boolean =>
  Math.abs(c) > 1e-30 && Math.abs(c) < 1e30 && Number.isInteger(Math.log2(Math.abs(c)));

export const div = binary('div', {
  operands: NUMBER,
  loop: (x, dx, y, dy, out) => {
    for (let i = 0, p = 0, q = 0; i < out.length; i++, p += dx, q += dy) out[i] = x[p] / y[q];
  },
  cost: 4,
  jvp: (ops, [_x, y], [tx, ty], _params, output) => {
    const fromX = tx && ops.mul(tx, ops.div(1, y));
    if (!ty) return fromX;
    const fromY = ops.mul(ty, ops.div(output, y));
    return fromX ? ops.sub(fromX, fromY) : ops.neg(fromY);
  },
  transpose: (ops, ct, [x, y]) => {
    if (x || !y) throw malformed('transpose met div by a linear operand.');
    return [ops.div(ct, y), undefined];
  },
  fold: (ops, inputs) => {
    const x = inputs[0];
    const y = inputs[1];
    if (!isFloat(x.aval.dtype)) return isOne(y) ? x : undefined;
    if (isZero(x) && !isZero(y)) return ops.full(y, 0);
    if (isOne(y)) return x;
    const minusX = negated(ops, x);
    const minusY = negated(ops, y);
    if (minusX && minusY) return ops.div(minusX, minusY);
    if (y.kind !== 'literal') return undefined;
    if (isPowerOfTwo(y.value)) return ops.mul(x, 1 / y.value);
    if (minusX) return ops.div(minusX, -y.value);
    const product = scaled(ops, x);
    return product && times(ops, product.x, product.by / y.value);
  },
});
