/** Builds a Program equation by equation, sharing equal ones and folding what needs no work. */

import { DiffopsError } from '../errors.ts';
import type { Aval, Dtype, Shape } from './aval.ts';
import type { Params, PrimitiveName } from './params.ts';
import {
  type Atom,
  type Equation,
  type Literal,
  newEquation,
  newLiteral,
  newVar,
  type Program,
  type Var,
} from './program.ts';
import { SharedEquations } from './shared-equations.ts';

/** What the builder must know of primitives; the table of primitives supplies it. */
export interface Inference {
  /** Whether equal equations become one. */
  readonly shares: boolean;
  /** The result's aval; throws a PROGRAM error for operands that don't fit. */
  infer(primitive: PrimitiveName, inputs: readonly Aval[], params: Params): Aval;
  /** A simpler atom with the same value, or undefined. */
  fold(
    builder: Builder,
    primitive: PrimitiveName,
    inputs: readonly Atom[],
    params: Params,
    output: Aval,
  ): Atom | undefined;
}

export class Builder {
  readonly inputs: Var[] = [];
  readonly equations: Equation[] = [];
  /** The user-level op under which equations are being made; goes into their outputs. */
  scope: string | undefined;
  /** The region of equations being made: see `Equation.region`. */
  region = 0;
  readonly #inference: Inference;
  readonly #shared = new SharedEquations(this.equations);
  readonly #made = new Map<Var, Equation>();

  constructor(inference: Inference) {
    this.#inference = inference;
  }

  input(aval: Aval, scope?: string): Var {
    const v = newVar(aval, scope);
    this.inputs.push(v);
    return v;
  }

  literal(value: number, shape: Shape, dtype: Dtype): Literal {
    return newLiteral({ shape, dtype }, dtype === 'float32' ? Math.fround(value) : value);
  }

  /** The equation that made a variable, or undefined for an input or a literal. */
  maker(atom: Atom): Equation | undefined {
    return atom.kind === 'var' ? this.#made.get(atom) : undefined;
  }

  emit(primitive: PrimitiveName, operands: readonly Atom[], params: Params): Atom {
    // A list of its own, without holes as far as the JavaScript engine knows: all equations' are of one kind.
    const inputs: Atom[] = [];
    const avals: Aval[] = [];
    for (let i = 0; i < operands.length; i++) {
      const atom = operands[i];
      inputs.push(atom);
      avals.push(atom.aval);
    }
    const aval = this.#inference.infer(primitive, avals, params);
    const folded = this.#inference.fold(this, primitive, inputs, params, aval);
    if (folded) return folded;
    const shared = this.#inference.shares && this.#shared.find(primitive, inputs, params, this.region);
    if (shared) return shared.output;
    const output = newVar(aval, this.scope);
    const region = this.region === 0 ? undefined : this.region;
    const equation = newEquation(primitive, inputs, params, output, region);
    this.#shared.add(equation);
    this.#made.set(output, equation);
    return output;
  }

  /** Makes the variables of a program's inputs this builder's, so that its equations may be taken over. */
  adoptInputs(program: Pick<Program, 'inputs'>): readonly Var[] {
    for (const v of program.inputs) this.inputs.push(v);
    return program.inputs;
  }

  /**
   * Takes over an equation as it is: of a program that was made by such a builder, and over variables that are this
   * builder's. There is nothing to infer or to fold; an equal one may be here already.
   */
  adopt(equation: Equation): Atom {
    const { primitive, inputs, params, output, region } = equation;
    const before = this.#made.get(output);
    if (before === equation) return output;
    if (before) {
      // The same in another region: it gets a variable of its own.
      this.at(equation);
      return this.emit(primitive, inputs, params);
    }
    const shared = this.#inference.shares && this.#shared.find(primitive, inputs, params, region ?? 0);
    if (shared) return shared.output;
    this.#shared.add(equation);
    this.#made.set(output, equation);
    return output;
  }

  /** Equations made from here on stand for `equation` in a transformed program: same scope, same region. */
  at(equation: Equation): void {
    this.scope = equation.output.scope;
    this.region = equation.region ?? 0;
  }

  /** Closes the program: outputs given, equations that no output needs dropped, all inputs kept. */
  build(outputs: readonly Atom[]): Program {
    return pruned({ inputs: [...this.inputs], equations: this.equations, outputs: [...outputs] });
  }
}

/** The program without the equations that none of its outputs needs. */
export const pruned = (program: Program): Program => {
  const { equations } = program;
  const needed = new Set<Atom>(program.outputs);
  const kept: Equation[] = [];
  for (let i = equations.length - 1; i >= 0; i--) {
    const equation = equations[i];
    if (!needed.has(equation.output)) continue;
    kept.push(equation);
    const { inputs } = equation;
    for (let j = 0; j < inputs.length; j++) needed.add(inputs[j]);
  }
  return { inputs: program.inputs, equations: kept.reverse(), outputs: program.outputs };
};

/** Every engine is given as many values as its program has inputs. */
export const requireInputs = (taken: number, given: number): void => {
  if (given !== taken) throw malformed(`The program takes ${taken} inputs; ${given} were given.`);
};

/** Raised for a program or an equation that is not well formed: a mistake of diffops, not of its user. */
export const malformed = (message: string, fields: Record<string, unknown> = {}): DiffopsError =>
  new DiffopsError('PROGRAM', `${message} This is a defect of diffops; please report it with the function.`, fields);
