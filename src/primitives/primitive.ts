/** What a primitive must say about itself: all its rules, side by side. */

import type { Aval, Value } from '../ir/aval.ts';
import type { Atom } from '../ir/program.ts';
import type { Ops } from './ops.ts';

/**
 * How a primitive acts on its operands, for transformations that match on classes:
 * `diagonal` element by element; `permutation` moves every element once; `selection` copies, drops or
 * repeats elements; `contraction` sums products; `other` none of these.
 */
export type AlgebraClass = 'diagonal' | 'permutation' | 'selection' | 'contraction' | 'other';

/**
 * Which operand elements an output element can depend on, in derivatives: `aligned` those at its own index,
 * `moved` the ones that `evaluate` copies there, `summed` the ones that `evaluate` adds up there,
 * `mixed` any along the axes it works on, `none` (its derivative is zero everywhere).
 */
export type Sparsity = 'aligned' | 'moved' | 'summed' | 'mixed' | 'none';

/** An atom and where its batch axis is; null: the same for the whole batch. */
export interface Batched {
  readonly value: Atom;
  readonly axis: number | null;
}

export interface Primitive<P> {
  readonly algebra: AlgebraClass;
  readonly sparsity: Sparsity;
  /** The result's aval; throws for operands that don't fit. */
  shape(inputs: readonly Aval[], params: P): Aval;
  /**
   * Computes into `output.data`, which is zeroed. The reference for every engine. A diagonal primitive's
   * operand may be uniform: its `data` then holds one element.
   */
  evaluate(inputs: readonly Value[], params: P, output: Value): void;
  /** The tangent of the result; a null tangent is a symbolic zero. `output` is the primal result. */
  jvp(ops: Ops, inputs: readonly Atom[], tangents: readonly (Atom | null)[], params: P, output: Atom): Atom | null;
  /**
   * Cotangents of the operands that are `undefined` in `inputs` (those in which the equation is linear);
   * the others are known values. `avals` are all operands' avals. Or the word that it has none.
   */
  readonly transpose:
    | 'nonlinear'
    | ((
        ops: Ops,
        cotangent: Atom,
        inputs: readonly (Atom | undefined)[],
        params: P,
        avals: readonly Aval[],
      ) => readonly (Atom | undefined)[]);
  /** The primitive over a batch of `size`; at least one operand is batched. */
  vmap(ops: Ops, inputs: readonly Batched[], params: P, size: number): Batched;
  /** Floating-point operations, a transcendental function counting as several. */
  cost(inputs: readonly Aval[], params: P, output: Aval): number;
  /** A simpler atom with the same value, or undefined: identities, neutral elements, cancelling neighbours. */
  fold?(ops: Ops, inputs: readonly Atom[], params: P, output: Aval): Atom | undefined;
}
