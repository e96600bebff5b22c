/**
 * Where an equation is lowered: the tensors that stand for its operands. A broadcast is not carried out: its
 * tensor keeps length 1 along a repeated axis, and is expanded only along the axes on which a consumer needs it.
 */

import { isFloat, type Shape, sameShape, sizeOf } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Atom, Var } from '../../ir/program.ts';
import { GraphBuilder, type Tensor } from './graph.ts';
import { Ranges } from './ranges.ts';

/** The shape that NumPy's rules give operands of these shapes. */
export const broadcastShape = (shapes: readonly Shape[]): number[] => {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const offset = rank - shape.length;
    for (const [i, d] of shape.entries()) if (d !== 1) result[offset + i] = d;
  }
  return result;
};

/** Innermost runs shorter than this are slow to expand: 27 ns a run, against 10 for a multiply (bench/lowering.ts). */
const SHORT_RUN = 32;

export class Site {
  readonly graph = new GraphBuilder();
  readonly ranges = new Ranges();
  readonly #tensors = new Map<Var, Tensor>();
  readonly #expanded = new Map<Var, Tensor>();

  define(v: Var, tensor: Tensor): void {
    this.#tensors.set(v, tensor);
  }

  /** A tensor that broadcasts to the atom's shape, of whatever rank. */
  compact(atom: Atom): Tensor {
    if (atom.kind === 'literal') return this.graph.scalar(atom.value, atom.aval.dtype);
    const tensor = this.#tensors.get(atom);
    if (!tensor) throw malformed('The program uses a variable before it is made.');
    return tensor;
  }

  /** A tensor of the atom's rank, with length 1 along repeated axes. */
  aligned(atom: Atom): Tensor {
    const tensor = this.compact(atom);
    const missing = atom.aval.shape.length - tensor.shape.length;
    return this.graph.reshape(tensor, [...new Array<number>(missing).fill(1), ...tensor.shape]);
  }

  /** A tensor of the atom's rank that has its full length along the axes asked for. */
  along(atom: Atom, needed: (axis: number) => boolean): Tensor {
    const { shape } = atom.aval;
    const tensor = this.aligned(atom);
    const wanted = shape.map((d, axis) => (needed(axis) ? d : tensor.shape[axis]));
    if (sameShape(tensor.shape, wanted)) return tensor;
    const whole = sameShape(wanted, shape);
    if (atom.kind === 'literal') return this.graph.filled(atom.value, wanted, atom.aval.dtype);
    const known = whole && this.#expanded.get(atom);
    if (known) return known;
    const made = this.#expand(tensor, wanted);
    if (whole) this.#expanded.set(atom, made);
    return made;
  }

  full(atom: Atom): Tensor {
    return this.along(atom, () => true);
  }

  #expand(x: Tensor, shape: Shape): Tensor {
    const { graph } = this;
    const last = shape.length - 1;
    let from = last;
    while (from > 0 && x.shape[from - 1] === 1 && shape[from - 1] !== 1) from--;
    const run = sizeOf(shape.slice(from));
    if (x.shape[last] === 1 && run > 1 && run < SHORT_RUN && isFloat(x.dtype) && from > 0) {
      const ones = graph.filled(1, shape.slice(from), x.dtype);
      const repeated = [...x.shape.slice(0, from), ...shape.slice(from)];
      const made = graph.node('Mul', [x, ones], x.dtype, repeated);
      return sameShape(repeated, shape) ? made : this.#expand(made, shape);
    }
    return graph.node('Expand', [graph.bare(x), graph.ints(shape)], x.dtype, shape);
  }
}
