/** What a lowering is: a primitive as nodes of a TensorFlow function; and what it works with. */

import type { Aval, Shape } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Atom, Var } from '../../ir/program.ts';
import type { Ranges } from '../ranges.ts';
import { GraphBuilder, type Tensor } from './graph.ts';

/** Emits the nodes of an equation. No operand is empty; the result has the output's shape. */
export type Lowering<P> = (site: Site, inputs: readonly Atom[], params: P, output: Aval) => Tensor;

/** A program in the middle of being lowered. */
export class Site {
  readonly graph = new GraphBuilder();
  readonly ranges: Ranges;
  /** Whether XLA compiles it. */
  readonly jit: boolean;
  readonly #tensors = new Map<Var, Tensor>();

  constructor(ranges: Ranges, jit: boolean) {
    this.ranges = ranges;
    this.jit = jit;
  }

  define(v: Var, tensor: Tensor): void {
    this.#tensors.set(v, tensor);
  }

  /** The atom's tensor; a literal is written out in its shape. */
  full(atom: Atom, shape: Shape = atom.aval.shape): Tensor {
    if (atom.kind === 'literal') return this.graph.filled(atom.value, shape, atom.aval.dtype);
    const tensor = this.#tensors.get(atom);
    if (!tensor) throw malformed('The program uses a variable before it is made.');
    return tensor;
  }

  /** Tensors that broadcast against each other to the shape of the atoms: literals are scalars where another operand isn't one. */
  operands(atoms: readonly Atom[]): Tensor[] {
    const hasShape = atoms.findIndex((a) => a.kind === 'var');
    return atoms.map((a, i) => this.full(a, i === Math.max(hasShape, 0) ? a.aval.shape : []));
  }
}
