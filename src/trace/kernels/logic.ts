/** Comparisons, logic (bits and broadcast shapes too), selection and casts. */

import type { Dtype } from '../../ir/aval.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { KernelFamily, KernelRule } from '../kernel.ts';
import { asNumber, matched, promoted, unsupported } from './operands.ts';

type Name = Parameters<Ops['binary']>[0];

const comparison =
  (name: Name): KernelRule =>
  (context, { a, b }) =>
    context.ops.binary(name, ...matched(context, asNumber(context, a), asNumber(context, b)));

const connective =
  (name: Name): KernelRule =>
  (context, { a, b }) => {
    const { ops } = context;
    return ops.binary(name, ...matched(context, ops.cast(a, 'bool'), ops.cast(b, 'bool')));
  };

/** The shape to which two shapes broadcast, as far as they do: what traced shapes are can't be checked. */
const broadcastArgs: KernelRule = ({ ops }, { s0, s1 }) => {
  const rank = Math.max(s0.aval.shape[0], s1.aval.shape[0]);
  const [a, b] = [s0, s1].map((s) => ops.pad(ops.cast(s, 'int32'), [rank - s.aval.shape[0]], [0], [0], 1));
  return ops.select(ops.binary('eq', a, 1), b, a);
};

const select: KernelRule = (context, { condition, t, e }) => {
  const { ops } = context;
  const [whenTrue, whenFalse] = promoted(context, t, e);
  const mask = ops.broadcastTo(ops.cast(condition, 'bool'), whenTrue.aval.shape);
  if (whenTrue.aval.dtype !== 'bool') return ops.select(mask, whenTrue, whenFalse);
  return ops.cast(ops.select(mask, ops.cast(whenTrue, 'int32'), ops.cast(whenFalse, 'int32')), 'bool');
};

const cast: KernelRule = ({ ops, precision }, { x }, { dtype }: { dtype: string }) => {
  const target: Partial<Record<string, Dtype>> = { float32: precision, int32: 'int32', bool: 'bool' };
  const known = target[dtype];
  if (!known) {
    throw unsupported(
      'Cast',
      `a traced tensor to ${dtype}`,
      'the program holds real numbers only.',
      'Stay in float32.',
    );
  }
  return ops.cast(x, known);
};

export const logic = {
  Equal: comparison('eq'),
  NotEqual: comparison('ne'),
  Less: comparison('lt'),
  LessEqual: comparison('le'),
  Greater: comparison('gt'),
  GreaterEqual: comparison('ge'),
  LogicalAnd: connective('and'),
  LogicalOr: connective('or'),
  LogicalNot: ({ ops }, { x }) => ops.unary('not', ops.cast(x, 'bool')),
  BitwiseAnd: ({ ops }, { a, b }) => ops.binary('and', a, b),
  BroadcastArgs: broadcastArgs,
  Select: select,
  Cast: cast,
} satisfies KernelFamily;
