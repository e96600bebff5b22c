/** The linear transpose: turns a linear program around, from cotangents of its outputs to those of its inputs. */

import { printAval } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { Atom, Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { rulesOf } from '../primitives/table.ts';
import { Environment } from './replay.ts';

/**
 * Emits the transpose of `program`, which is linear in the inputs whose entry in `inputs` is undefined; the
 * others are known. A null cotangent is a symbolic zero, given and returned. Returns the cotangents of
 * the linear inputs, in order.
 */
export const transposeInto = (
  ops: Ops,
  program: Program,
  inputs: readonly (Atom | undefined)[],
  cotangents: readonly (Atom | null)[],
): (Atom | null)[] => {
  const known = new Environment<Atom>((literal) => literal);
  for (const [i, v] of program.inputs.entries()) {
    const value = inputs[i];
    if (value !== undefined) known.set(v, value);
  }
  const linear = program.equations.filter((equation) => {
    if (!known.hasAll(equation.inputs)) return true;
    ops.at(equation);
    known.set(equation.output, ops.emit(equation.primitive, known.all(equation.inputs), equation.params));
    return false;
  });

  const pending = new Map<Atom, Atom[]>();
  const accumulate = (target: Atom, cotangent: Atom): void => {
    // A known operand or output takes no cotangent: only the linear part is turned around.
    if (known.has(target)) return;
    const parts = pending.get(target);
    if (parts) parts.push(cotangent);
    else pending.set(target, [cotangent]);
  };
  for (const [i, output] of program.outputs.entries()) {
    const cotangent = cotangents[i];
    if (cotangent) accumulate(output, cotangent);
  }
  for (let i = linear.length - 1; i >= 0; i--) {
    const equation = linear[i];
    const parts = pending.get(equation.output);
    if (parts === undefined) continue;
    pending.delete(equation.output);
    ops.at(equation);
    const cotangent = sumOf(ops, parts);
    const { transpose } = rulesOf(equation.primitive);
    if (transpose === 'nonlinear') {
      throw malformed(
        `transpose met ${equation.primitive} on ${equation.inputs.map((a) => printAval(a.aval)).join(' ')}, which is not linear.`,
      );
    }
    const results = transpose(
      ops,
      cotangent,
      equation.inputs.map((a) => (known.has(a) ? known.get(a) : undefined)),
      equation.params,
      equation.inputs.map((a) => a.aval),
    );
    for (let j = 0; j < results.length; j++) {
      const result = results[j];
      if (result) accumulate(equation.inputs[j], result);
    }
  }
  return program.inputs
    .filter((_, i) => inputs[i] === undefined)
    .map((v) => {
      const parts = pending.get(v);
      return parts ? sumOf(ops, parts) : null;
    });
};

/** The one axis along which an atom is padded with zeros, and where; undefined for anything else. */
const paddedAxis = (
  ops: Ops,
  atom: Atom,
): { readonly axis: number; readonly low: number; readonly high: number } | undefined => {
  const maker = ops.maker(atom);
  if (maker?.primitive !== 'pad' || maker.params.value !== 0) return undefined;
  const { low, high, interior } = maker.params as unknown as Record<string, readonly number[]>;
  const axes = low.map((_, i) => i).filter((i) => low[i] + high[i] + interior[i] > 0);
  const [axis] = axes;
  return axes.length === 1 && interior[axis] === 0 ? { axis, low: low[axis], high: high[axis] } : undefined;
};

/**
 * The sum of cotangents. Those of the two halves of a split are zero where the other isn't: added to each other
 * first, they become one concat (the builder's doing), where in another order they would stay pads.
 */
const sumOf = (ops: Ops, parts: readonly Atom[]): Atom => {
  if (parts.length === 1) return parts[0];
  const open: { readonly atom: Atom; readonly pad: ReturnType<typeof paddedAxis> }[] = [];
  for (const atom of parts) {
    const pad = paddedAxis(ops, atom);
    const other = open.findIndex((before) => {
      if (!pad || before.pad?.axis !== pad.axis) return false;
      const length = atom.aval.shape[pad.axis];
      return (
        before.pad.low + before.pad.high + pad.low + pad.high === length && (before.pad.low === 0) !== (pad.low === 0)
      );
    });
    if (other < 0) open.push({ atom, pad });
    else open.splice(other, 1, { atom: ops.add(open[other].atom, atom), pad: undefined });
  }
  return open.map(({ atom }) => atom).reduce((sum, atom) => ops.add(sum, atom));
};
