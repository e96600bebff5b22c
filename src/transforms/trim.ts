/** Trims outputs: computes only their last part, by taking that part of what they are made of. */

import { sizeOf } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import type { Atom, Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps, rulesOf } from '../primitives/table.ts';
import { replay } from './replay.ts';

/** Through so many equations a slice is pushed; each may be made a second time for other consumers. */
const DEEPEST = 8;

/** x from `start` on along `axis`: the ops that x is made by, on that part of their operands. */
const from = (ops: Ops, x: Atom, axis: number, start: number, depth = 0): Atom => {
  const { shape } = x.aval;
  const trimmed = shape.map((d, i) => (i === axis ? d - start : d));
  if (x.kind === 'literal') return ops.literal(x.value, trimmed, x.aval.dtype);
  const maker = ops.maker(x);
  const sliced = (): Atom => ops.sliceAxis(x, axis, start, shape[axis]);
  if (!maker || depth === DEEPEST) return sliced();
  const { primitive, inputs, params } = maker;
  const on = (operand: Atom, itsAxis: number): Atom => from(ops, operand, itsAxis, start, depth + 1);
  if (rulesOf(primitive).algebra === 'diagonal') {
    return ops.emit(
      primitive,
      inputs.map((a) => on(a, axis)),
      params,
    );
  }
  switch (primitive) {
    case 'dot': {
      const { lhs, rhs, out } = params as unknown as DotParams;
      const [x0, y0] = [lhs, rhs].map((labels, i) => {
        const at = labels.indexOf(out[axis]);
        return at < 0 ? inputs[i] : on(inputs[i], at);
      });
      return ops.dot(x0, y0, { lhs, rhs, out });
    }
    case 'reshape': {
      // Along the first axis, what is left is the last elements: those may be whole rows of the operand, too.
      const elements = (start * sizeOf(shape)) / shape[0];
      const row = sizeOf(inputs[0].aval.shape.slice(1));
      if (axis !== 0 || elements % row !== 0) return sliced();
      return ops.reshape(from(ops, inputs[0], 0, elements / row, depth + 1), trimmed);
    }
    case 'permute': {
      const permutation = params.permutation as readonly number[];
      return ops.permute(on(inputs[0], permutation[axis]), permutation);
    }
    case 'broadcast': {
      const axes = params.axes as readonly number[];
      const own = axes.indexOf(axis);
      return ops.broadcast(own < 0 ? inputs[0] : on(inputs[0], own), trimmed, axes);
    }
    case 'reduce_sum': {
      const axes = params.axes as readonly number[];
      const kept = inputs[0].aval.shape.map((_, i) => i).filter((i) => !axes.includes(i));
      return ops.sum(on(inputs[0], kept[axis]), axes);
    }
    default:
      return sliced();
  }
};

/** The program with its first output cut down to what lies from `start` on along the first axis. */
export const firstOutputFrom = (program: Program, start: number): Program => {
  const ops = newOps();
  const [first, ...others] = replay(ops, program, ops.adoptInputs(program));
  return ops.build([from(ops, first, 0, start), ...others]);
};
