/** What a recorded tfjs kernel is to the recorder: a function from its inputs to equations. */

import type { FloatDtype, Value } from '../ir/aval.ts';
import type { Atom } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';

export interface KernelContext {
  readonly ops: Ops;
  /** What tfjs calls float32 is this dtype in the program. */
  readonly precision: FloatDtype;
  /** The numbers of an operand that doesn't depend on x or data (a captured constant or a literal), else undefined. */
  constant(atom: Atom): Value | undefined;
  /**
   * A constant that a rule brings along, as an atom: a literal where it is uniform, else an input of the program. Equal
   * small ones share one, and so do uses of one `data`, which must not change afterwards.
   */
  capture(value: Value): Atom;
}

/** A complex tensor in a program, which has real numbers only: its parts, of one shape and the program's precision. */
export interface Complex {
  readonly kind: 'complex';
  readonly real: Atom;
  readonly imag: Atom;
}

/** What a traced tensor stands for. */
export type Traced = Atom | Complex;

export const isComplex = (traced: Traced): traced is Complex => traced.kind === 'complex';

/** The atoms that a traced tensor stands for. */
export const partsOf = (traced: Traced): Atom[] => (isComplex(traced) ? [traced.real, traced.imag] : [traced]);

/** A kernel's inputs by name; a variadic input (`Concat`, `AddN`, `Pack` …) is under the names '0', '1', … as in tfjs. */
export type KernelInputs = Readonly<Record<string, Atom>>;

/** Emits the equations of one kernel call; returns its output or outputs. `attrs` is what tfjs passes. */
// biome-ignore lint/suspicious/noExplicitAny: each kernel has its own attrs, typed where it is destructured
export type KernelRule = (context: KernelContext, inputs: KernelInputs, attrs: any) => Atom | Atom[];

export type TracedInputs = Readonly<Record<string, Traced>>;

/** A kernel of which an operand or the result is complex. */
// biome-ignore lint/suspicious/noExplicitAny: each kernel has its own attrs, typed where it is destructured
export type ComplexRule = (context: KernelContext, inputs: TracedInputs, attrs: any) => Traced | Traced[];

export type ComplexFamily = Readonly<Record<string, ComplexRule>>;

/** The kernels of one family, by tfjs' kernel name. */
export type KernelFamily = Readonly<Record<string, KernelRule>>;
