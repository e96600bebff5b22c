/** dot: products of two operands' elements, summed over the axis labels that the result doesn't have. */

import { type Aval, sizeOf } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import type { Atom } from '../ir/program.ts';
import { inserted } from './batching.ts';
import { expectAlike, expectCount, expectDtype, misfit } from './checks.ts';
import { canonicalLabels, foldDot } from './dot-folds.ts';
import { NUMBER } from './elementwise.ts';
import { contract } from './matmul.ts';
import type { Ops } from './ops.ts';
import type { Primitive } from './primitive.ts';

/** The extent of each label; throws for labels that don't fit the operands. */
const extentsOf = (inputs: readonly Aval[], { lhs, rhs, out }: DotParams): Map<number, number> => {
  const extents = new Map<number, number>();
  for (const [operand, labels] of [lhs, rhs].entries()) {
    const { shape } = inputs[operand];
    if (labels.length !== shape.length || new Set(labels).size !== labels.length) {
      throw misfit('dot', inputs, `[${labels}] doesn't label the axes of operand ${operand}`);
    }
    for (const [i, label] of labels.entries()) {
      const known = extents.get(label);
      if (known !== undefined && known !== shape[i]) {
        throw misfit('dot', inputs, `label ${label} is ${known} and ${shape[i]} long`);
      }
      extents.set(label, shape[i]);
    }
  }
  if (new Set(out).size !== out.length || !out.every((label) => extents.has(label))) {
    throw misfit('dot', inputs, `[${out}] doesn't label a result of [${lhs}] and [${rhs}]`);
  }
  for (const label of extents.keys()) {
    if (!out.includes(label) && !(lhs.includes(label) && rhs.includes(label))) {
      throw misfit('dot', inputs, `label ${label} is in one operand alone and not in the result`);
    }
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
    expectAlike(
      'dot',
      inputs.map(({ dtype }) => ({ dtype, shape: [] })),
    );
    const extents = extentsOf(inputs, params);
    return { shape: params.out.map((label) => extents.get(label) as number), dtype: inputs[0].dtype };
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
