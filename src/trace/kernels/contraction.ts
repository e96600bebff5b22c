/** Matrix products and einsum: sums of products, said with axis labels. */

import { backend_util } from '@tensorflow/tfjs-core';
import type { Shape } from '../../ir/aval.ts';
import type { DotParams } from '../../ir/params.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { type Activation, activate } from './activation.ts';
import { asNumber, matched, promoted, throughFloat } from './operands.ts';

/** A dot of operands of any two dtypes. */
export const dotOf = (context: KernelContext, x: Atom, y: Atom, labels: DotParams): Atom =>
  context.ops.dot(...promoted(context, asNumber(context, x), asNumber(context, y)), labels);

/** x without its axes of length 1 at the given places. */
const squeezed = ({ ops }: KernelContext, x: Atom, drop: (axis: number) => boolean): Atom =>
  ops.reshape(
    x,
    x.aval.shape.filter((_, axis) => !drop(axis)),
  );

const ROW = 0;
const INNER = 1;
const COLUMN = 2;
const BATCH = 3;

/** [...batch, m, k] · [...batch, k, n] → [...batch, m, n]; an operand may lack or repeat batch axes. */
const matMul = (context: KernelContext, a: Atom, b: Atom, transposeA: boolean, transposeB: boolean): Atom => {
  const outer = (x: Atom): Shape => x.aval.shape.slice(0, -2);
  const batch = backend_util.assertAndGetBroadcastShape([...outer(a)], [...outer(b)]);
  const prepare = (x: Atom, matrix: readonly number[]): { value: Atom; labels: number[] } => {
    const offset = batch.length - outer(x).length;
    const repeats = (axis: number): boolean => axis < outer(x).length && outer(x)[axis] !== batch[axis + offset];
    const kept = outer(x).flatMap((_, axis) => (repeats(axis) ? [] : [BATCH + axis + offset]));
    return { value: squeezed(context, x, repeats), labels: [...kept, ...matrix] };
  };
  const left = prepare(a, transposeA ? [INNER, ROW] : [ROW, INNER]);
  const right = prepare(b, transposeB ? [COLUMN, INNER] : [INNER, COLUMN]);
  return dotOf(context, left.value, right.value, {
    lhs: left.labels,
    rhs: right.labels,
    out: [...batch.map((_, axis) => BATCH + axis), ROW, COLUMN],
  });
};

interface MatMulAttrs {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly activation?: Activation;
  readonly leakyreluAlpha?: number;
}

const batchMatMul: KernelRule = (context, { a, b }, { transposeA, transposeB }: MatMulAttrs) =>
  matMul(context, a, b, transposeA ?? false, transposeB ?? false);

const fusedMatMul: KernelRule = (context, inputs, attrs: MatMulAttrs) => {
  const { ops } = context;
  const product = batchMatMul(context, inputs, attrs) as Atom;
  const { bias, preluActivationWeights } = inputs;
  const biased = bias ? ops.add(...matched(context, product, bias)) : product;
  return throughFloat(context, biased, (v) =>
    activate(context, v, attrs.activation, preluActivationWeights, attrs.leakyreluAlpha),
  );
};

/** An operand of an einsum with one label per axis. */
interface Term {
  readonly value: Atom;
  readonly labels: readonly number[];
}

/** The term summed over what no one else needs. */
const summedTo = ({ ops }: KernelContext, { value, labels }: Term, needed: ReadonlySet<number>): Term => {
  const axes = labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
  return axes.length === 0
    ? { value, labels }
    : { value: ops.sum(value, axes), labels: labels.filter((l) => needed.has(l)) };
};

const einsum: KernelRule = (context, inputs, { equation }: { equation: string }) => {
  const operands = Object.values(inputs).map((x) => asNumber(context, x));
  const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, operands.length);
  backend_util.checkEinsumDimSizes(
    allDims.length,
    idDims,
    operands.map((x) => ({ shape: [...x.aval.shape] })) as never,
  );
  const [left, right] = equation.replace(/\s/g, '').split('->');
  const labelsOf = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
  const out = labelsOf(right);
  const terms = left.split(',').map((text, i) => ({ value: operands[i], labels: labelsOf(text) }));
  const [first, ...others] = terms;
  let result: Term = first;
  for (const [i, term] of others.entries()) {
    const later = new Set([...out, ...others.slice(i + 1).flatMap((t) => t.labels)]);
    const a = summedTo(context, result, new Set([...later, ...term.labels]));
    const b = summedTo(context, term, new Set([...later, ...result.labels]));
    const kept = [...new Set([...a.labels, ...b.labels])].filter((label) => later.has(label));
    const labels = i === others.length - 1 ? out : kept;
    result = { value: dotOf(context, a.value, b.value, { lhs: a.labels, rhs: b.labels, out: labels }), labels };
  }
  const { value, labels } = summedTo(context, result, new Set(out));
  return context.ops.permute(
    value,
    out.map((label) => labels.indexOf(label)),
  );
};

export const contractions = {
  BatchMatMul: batchMatMul,
  _FusedMatMul: fusedMatMul,
  Einsum: einsum,
} satisfies KernelFamily;
