/**
 * Where an equation is lowered: the tensors that stand for its operands. Neither a broadcast nor a permutation is
 * carried out before a consumer needs it: a tensor keeps length 1 along a repeated axis, and may have its axes in
 * another order than the variable that it stands for.
 */

import { isFloat, type Shape, sameShape, sizeOf } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Atom, Equation, Var } from '../../ir/program.ts';
import { Ranges } from '../ranges.ts';
import { GraphBuilder, type Tensor } from './graph.ts';

/** A tensor whose axis i is the variable's axis `order[i]`. */
export interface Placed {
  readonly tensor: Tensor;
  readonly order: readonly number[];
}

/** What a lowering gives: a tensor that broadcasts to the variable's shape, or one with its axes in an order. */
export type Lowered = Tensor | Placed;

/** The shape that NumPy's rules give operands of these shapes. */
export const broadcastShape = (shapes: readonly Shape[]): number[] => {
  let longest = shapes[0] ?? [];
  for (let k = 1; k < shapes.length; k++) if (shapes[k].length > longest.length) longest = shapes[k];
  const result = longest.slice();
  for (let k = 0; k < shapes.length; k++) {
    const shape = shapes[k];
    const offset = result.length - shape.length;
    for (let i = 0; i < shape.length; i++) if (shape[i] !== 1) result[offset + i] = shape[i];
  }
  return result;
};

export const inOrder = (rank: number): number[] => {
  const order: number[] = [];
  for (let i = 0; i < rank; i++) order.push(i);
  return order;
};

const none = (): boolean => false;
const all = (): boolean => true;

/** Innermost runs shorter than this are slow to expand: 23 ns a run, against 15 for a multiply (bench/lowering.ts). */
const SHORT_RUN = 32;

export class Site {
  readonly graph = new GraphBuilder();
  readonly ranges = new Ranges();
  readonly #makers = new Map<Atom, Equation>();
  /** As made, with the axes in the variable's own order unless `#orders` says otherwise. */
  readonly #tensors = new Map<Var, Tensor>();
  readonly #orders = new Map<Var, readonly number[]>();
  /** Made for consumers, by order and shape. */
  readonly #made = new Map<Var, Map<string, Tensor>>();

  define(v: Var, lowered: Lowered): void {
    if (!('order' in lowered)) {
      this.#tensors.set(v, lowered);
      return;
    }
    const { tensor, order } = lowered;
    const real = order.filter((_, i) => tensor.shape[i] !== 1);
    if (real.every((axis, i) => i === 0 || axis > real[i - 1])) {
      const own = inOrder(order.length).map((axis) => tensor.shape[order.indexOf(axis)]);
      this.#tensors.set(v, this.graph.reshape(tensor, own));
    } else {
      this.#tensors.set(v, tensor);
      this.#orders.set(v, order);
    }
  }

  /** Takes note of an equation that was lowered. */
  note(equation: Equation): void {
    this.ranges.note(equation);
    this.#makers.set(equation.output, equation);
  }

  /** The equation that made a variable; undefined for an input or a literal. */
  maker(atom: Atom): Equation | undefined {
    return this.#makers.get(atom);
  }

  /** Whether the atom's axes are in its own order. */
  isOrdered(atom: Atom): boolean {
    return atom.kind === 'literal' || !this.#orders.has(atom);
  }

  /** The tensor as it is, of the atom's rank, and the order of its axes. */
  placed(atom: Atom): Placed {
    const { length } = atom.aval.shape;
    const order = atom.kind === 'var' ? this.#orders.get(atom) : undefined;
    if (order) return { tensor: this.#tensor(atom), order };
    const tensor = this.#tensor(atom);
    const missing = length - tensor.shape.length;
    if (missing === 0) return { tensor, order: inOrder(length) };
    const shape = [...new Array<number>(missing).fill(1), ...tensor.shape];
    return { tensor: this.graph.reshape(tensor, shape), order: inOrder(length) };
  }

  /** A tensor that broadcasts to the atom's shape, of whatever rank. */
  compact(atom: Atom): Tensor {
    return this.isOrdered(atom) ? this.#tensor(atom) : this.at(atom, inOrder(atom.aval.shape.length));
  }

  /** The atom with its axes in this order, in full along those that are needed, else perhaps of length 1. */
  at(atom: Atom, order: readonly number[], needed: (axis: number) => boolean = none): Tensor {
    const { shape, dtype } = atom.aval;
    const placed = this.placed(atom);
    const held = order.map((axis) => placed.tensor.shape[placed.order.indexOf(axis)]);
    const wanted = order.map((axis, i) => (needed(axis) ? shape[axis] : held[i]));
    if (atom.kind === 'literal') return this.graph.filled(atom.value, wanted, dtype);
    const cache = this.#made.get(atom) ?? new Map<string, Tensor>();
    this.#made.set(atom, cache);
    const key = `${order}:${wanted}`;
    let made = cache.get(key);
    if (!made) {
      const moved = this.graph.transpose(
        placed.tensor,
        order.map((axis) => placed.order.indexOf(axis)),
      );
      made = sameShape(moved.shape, wanted) ? moved : this.#expand(moved, wanted);
      cache.set(key, made);
    }
    return made;
  }

  /** The atom in its own order, in full along the axes that are needed. */
  along(atom: Atom, needed: (axis: number) => boolean): Tensor {
    return this.at(atom, inOrder(atom.aval.shape.length), needed);
  }

  full(atom: Atom): Tensor {
    return this.along(atom, all);
  }

  #tensor(atom: Atom): Tensor {
    if (atom.kind === 'literal') return this.graph.scalar(atom.value, atom.aval.dtype);
    const tensor = this.#tensors.get(atom);
    if (!tensor) throw malformed('The program uses a variable before it is made.');
    return tensor;
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
