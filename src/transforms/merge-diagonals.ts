/** Linear simplification: chains of elementwise factors between two other maps become one factor, known per point. */

import { type Atom, type Equation, isVar, type Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps } from '../primitives/table.ts';

/** Σ coefficient ⊙ base: bases depend on the tangents, coefficients on the point alone; null is one. */
interface Term {
  readonly base: Atom;
  readonly coefficient: Atom | null;
}
type Form = readonly Term[];

/**
 * Longer sums are written out, and those of more coefficients: each coefficient costs a multiplication wherever the sum
 * is used, and a residual. Two made the fewest equations for recurrent, stencil and wave programs alike.
 */
const MOST_TERMS = 8;
const MOST_COEFFICIENTS = 2;

/** Whether two constants over- or underflow when they are multiplied together, before what they multiply. */
const leavesRange = (a: Atom | null, b: Atom): boolean => {
  if (a?.kind !== 'literal' || b.kind !== 'literal') return false;
  const size = Math.abs(a.value * b.value);
  return size !== 0 && !(size > 1e-30 && size < 1e30);
};

class Merger {
  readonly #ops: Ops;
  /** Values that depend on no tangent. */
  readonly #known = new Map<Atom, Atom>();
  readonly #forms = new Map<Atom, Form>();

  constructor(ops: Ops) {
    this.#ops = ops;
  }

  define(v: Atom, value: Atom, unknown: boolean): void {
    if (unknown) this.#forms.set(v, [{ base: value, coefficient: null }]);
    else this.#known.set(v, value);
  }

  /** The value of an atom, written out if it is a form. */
  value(a: Atom): Atom {
    const known = this.#knownValue(a);
    if (known) return known;
    const form = this.#forms.get(a) as Form;
    const value = this.#written(form);
    // From here on it is cheaper to use than to spell out again.
    this.#forms.set(a, [{ base: value, coefficient: null }]);
    return value;
  }

  run(equation: Equation): void {
    const { inputs, output, primitive, params } = equation;
    this.#ops.at(equation);
    if (inputs.every((a) => this.#knownValue(a))) {
      this.#known.set(
        output,
        this.#ops.emit(
          primitive,
          inputs.map((a) => this.value(a)),
          params,
        ),
      );
      return;
    }
    const form = this.#formOf(equation);
    if (form && form.length <= MOST_TERMS && coefficientsOf(form) <= MOST_COEFFICIENTS) this.#forms.set(output, form);
    else {
      const value = this.#ops.emit(
        primitive,
        inputs.map((a) => this.value(a)),
        params,
      );
      this.#forms.set(output, [{ base: value, coefficient: null }]);
    }
  }

  /** The form of an elementwise linear equation; undefined for any other. */
  #formOf({ primitive, inputs }: Equation): Form | undefined {
    const ops = this.#ops;
    const [x, y] = inputs;
    switch (primitive) {
      case 'neg':
        return this.#scaled(this.#form(x), (c, base) => (c ? ops.neg(c) : ops.full(base, -1)));
      case 'add':
        return this.#sum(this.#form(x), this.#form(y));
      case 'sub':
        return this.#sum(
          this.#form(x),
          this.#scaled(this.#form(y), (c, base) => (c ? ops.neg(c) : ops.full(base, -1))),
        );
      case 'mul': {
        const [known, unknown] = this.#knownValue(x) ? [x, y] : [y, x];
        const factor = this.#knownValue(known);
        if (!factor || this.#form(unknown).some(({ coefficient }) => leavesRange(coefficient, factor)))
          return undefined;
        return this.#scaled(this.#form(unknown), (c) => (c ? ops.mul(c, factor) : factor));
      }
      case 'div': {
        const divisor = this.#knownValue(y);
        return divisor && this.#scaled(this.#form(x), (c) => ops.div(c ?? 1, divisor));
      }
      case 'select':
        return this.#selected(inputs);
      default:
        return undefined;
    }
  }

  /** A choice between two forms by a known condition: each coefficient is zero where its branch isn't taken. */
  #selected([condition, whenTrue, whenFalse]: readonly Atom[]): Form | undefined {
    const chosen = this.#knownValue(condition);
    // A known branch that isn't zero can't be: the program is linear in the tangents.
    if (!chosen || !this.#isForm(whenTrue) || !this.#isForm(whenFalse)) return undefined;
    const ops = this.#ops;
    return this.#sum(
      this.#scaled(this.#form(whenTrue), (c, base) => ops.select(chosen, c ?? ops.full(base, 1), 0)),
      this.#scaled(this.#form(whenFalse), (c, base) => ops.select(chosen, ops.full(base, 0), c ?? 1)),
    );
  }

  #isForm(a: Atom): boolean {
    return this.#forms.has(a) || (a.kind === 'literal' && a.value === 0);
  }

  #form(a: Atom): Form {
    return this.#forms.get(a) ?? [];
  }

  #knownValue(a: Atom): Atom | undefined {
    return isVar(a) ? this.#known.get(a) : a;
  }

  #scaled(form: Form, scale: (coefficient: Atom | null, base: Atom) => Atom): Form {
    return form.map(({ base, coefficient }) => ({ base, coefficient: scale(coefficient, base) }));
  }

  #sum(x: Form, y: Form): Form {
    const terms = [...x];
    for (const { base, coefficient } of y) {
      const at = terms.findIndex((term) => term.base === base);
      if (at < 0) terms.push({ base, coefficient });
      else {
        const one = this.#ops.full(base, 1);
        terms[at] = { base, coefficient: this.#ops.add(terms[at].coefficient ?? one, coefficient ?? one) };
      }
    }
    return terms;
  }

  /** The form as equations; terms with the same coefficient are added up before it is multiplied in. */
  #written(form: Form): Atom {
    const ops = this.#ops;
    const groups: { readonly coefficient: Atom | null; readonly bases: Atom[] }[] = [];
    for (const { base, coefficient } of form) {
      const group = groups.find((other) => sameCoefficient(other.coefficient, coefficient));
      if (group) group.bases.push(base);
      else groups.push({ coefficient, bases: [base] });
    }
    return groups
      .map(({ coefficient, bases }) => {
        const sum = bases.reduce((a, b) => ops.add(a, b));
        return coefficient ? ops.mul(sum, coefficient) : sum;
      })
      .reduce((a, b) => ops.add(a, b));
  }
}

const sameCoefficient = (a: Atom | null, b: Atom | null): boolean =>
  a === b || (a?.kind === 'literal' && b?.kind === 'literal' && Object.is(a.value, b.value));

const coefficientsOf = (form: Form): number =>
  form.filter(({ coefficient }, i) => form.findIndex((t) => sameCoefficient(t.coefficient, coefficient)) === i).length;

/**
 * A program, linear in its unknown inputs, with neighbouring elementwise factors multiplied together and like terms
 * of sums added up, both beforehand. `unknown[i]` says whether input i is a tangent.
 */
export const mergeDiagonals = (program: Program, unknown: readonly boolean[]): Program => {
  const ops = newOps();
  const merger = new Merger(ops);
  for (const [i, v] of program.inputs.entries()) merger.define(v, ops.input(v.aval, v.scope), unknown[i]);
  for (const equation of program.equations) merger.run(equation);
  return ops.build(program.outputs.map((a) => merger.value(a)));
};
