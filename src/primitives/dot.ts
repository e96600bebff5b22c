/** dot: products of two operands' elements, summed over the axis labels that the result doesn't have. */

import type { DiffopsError } from '../errors.ts';
import { type Aval, sizeOf } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import type { Atom } from '../ir/program.ts';
import { inserted } from './batching.ts';
import { expectCount, expectDtype, misfit } from './checks.ts';
import { foldDot } from './dot-folds.ts';
import { canonicalLabels } from './dot-labels.ts';
import { NUMBER } from './elementwise.ts';
import { contract } from './matmul.ts';
import type { Ops } from './ops.ts';
import type { Primitive } from './primitive.ts';

const repeats = (labels: readonly number[]): boolean => {
  for (let i = 1; i < labels.length; i++) if (labels.indexOf(labels[i]) < i) return true;
  return false;
};

/** The extents of the result's labels; throws for labels that don't fit the operands. */
const extentsOf = (inputs: readonly Aval[], { lhs, rhs, out }: DotParams): number[] => {
  const x = inputs[0].shape;
  const y = inputs[1].shape;
  if (lhs.length !== x.length || repeats(lhs))
    throw misfit('dot', inputs, `[${lhs}] doesn't label the axes of operand 0`);
  if (rhs.length !== y.length || repeats(rhs))
    throw misfit('dot', inputs, `[${rhs}] doesn't label the axes of operand 1`);
  const extents: number[] = [];
  for (let i = 0; i < out.length; i++) {
    const left = lhs.indexOf(out[i]);
    const right = left < 0 ? rhs.indexOf(out[i]) : -1;
    if (left + right === -2 || out.indexOf(out[i]) < i) {
      throw misfit('dot', inputs, `[${out}] doesn't label a result of [${lhs}] and [${rhs}]`);
    }
    extents.push(left < 0 ? y[right] : x[left]);
  }
  const alone = (label: number): DiffopsError =>
    misfit('dot', inputs, `label ${label} is in one operand alone and not in the result`);
  for (let i = 0; i < lhs.length; i++) {
    const at = rhs.indexOf(lhs[i]);
    if (at < 0 && !out.includes(lhs[i])) throw alone(lhs[i]);
    if (at >= 0 && x[i] !== y[at]) throw misfit('dot', inputs, `label ${lhs[i]} is ${x[i]} and ${y[at]} long`);
  }
  for (let i = 0; i < rhs.length; i++) {
    if (!lhs.includes(rhs[i]) && !out.includes(rhs[i])) throw alone(rhs[i]);
  }
  return extents;
};

const product = (ops: Ops, x: Atom, y: Atom, lhs: readonly number[], rhs: readonly number[], out: readonly number[]) =>
  ops.dot(x, y, canonicalLabels({ lhs, rhs, out }));

export const dot: Primitive<DotParams> = {
  algebra: 'contraction',
  sparsity: 'mixed',
  shape: (inputs, params) => {
    expectCount('dot', inputs, 2);
    expectDtype('dot', inputs, NUMBER);
    if (inputs[0].dtype !== inputs[1].dtype) throw misfit('dot', inputs, 'dtypes differ');
    return { shape: extentsOf(inputs, params), dtype: inputs[0].dtype };
  },
  evaluate: ([x, y], params, output) => contract(x, y, params, output),
  jvp: (ops, [x, y], [tx, ty], { lhs, rhs, out }) =>
    ops.addMaybe(tx && product(ops, tx, y, lhs, rhs, out), ty && product(ops, x, ty, lhs, rhs, out)),
  transpose: (ops, ct, [x, y], { lhs, rhs, out }) => {
    if (!x && !y) throw misfit('dot', [ct.aval], 'transpose met it with two linear operands');
    return [
      y && !x ? product(ops, ct, y, out, rhs, lhs) : undefined,
      x && !y ? product(ops, x, ct, lhs, out, rhs) : undefined,
    ];
  },
  vmap: (ops, [x, y], { lhs, rhs, out }) => {
    const batch = Math.max(-1, ...lhs, ...rhs) + 1;
    const withBatch = (labels: readonly number[], axis: number | null): readonly number[] =>
      axis === null ? labels : inserted(labels, axis, batch);
    return {
      value: product(ops, x.value, y.value, withBatch(lhs, x.axis), withBatch(rhs, y.axis), [batch, ...out]),
      axis: 0,
    };
  },
  cost: ([x, y], { lhs, rhs }) => 2 * sizeOf(x.shape) * sizeOf(y.shape.filter((_, i) => !lhs.includes(rhs[i]))),
  fold: foldDot,
};
