/** Linear simplification: chains of elementwise factors between two other maps become one factor, known per point. */

import { type Atom, type Equation, isZero } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import type { Follower } from './jvp.ts';

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

/**
 * Follows a builder while a linear program over its tangents is made in it, and makes each equation again with
 * neighbouring elementwise factors multiplied together and like terms of sums added up. What only the first
 * version used is left for the builder to drop.
 */
export class DiagonalMerger implements Follower {
  readonly #ops: Ops;
  /** Of all values that depend on tangents, those of this merger's own equations included. */
  readonly #forms = new Map<Atom, Form>();
  /** Equations of the builder that were seen. */
  #seen: number;

  constructor(ops: Ops) {
    this.#ops = ops;
    this.#seen = ops.equations.length;
  }

  /** Says that an input of the builder is a tangent. */
  tangent(v: Atom): void {
    this.#plain(v);
  }

  /** The value of an atom, written out if it is a form. */
  value(a: Atom): Atom {
    const form = this.#forms.get(a);
    if (form === undefined) return a;
    const found = this.#atHand(a);
    if (found) return found;
    const value = this.#own(() => this.#written(form));
    // From here on it is cheaper to use than to spell out again.
    this.#forms.set(a, [{ base: value, coefficient: null }]);
    return value;
  }

  /** The value of an atom where it is at hand; for what is no elementwise map it is written out. */
  instead(a: Atom, elementwise: boolean): Atom {
    if (elementwise) return this.#atHand(a) ?? a;
    const value = this.value(a);
    // What was made for it needs no second look.
    this.#seen = this.#ops.equations.length;
    return value;
  }

  /** Takes in the equations that were made since it was last called. */
  advance(): void {
    const { equations } = this.#ops;
    const limit = equations.length;
    for (let i = this.#seen; i < limit; i++) this.#run(equations[i]);
    this.#seen = equations.length;
  }

  #atHand(a: Atom): Atom | undefined {
    const form = this.#forms.get(a);
    return form?.length === 1 && form[0].coefficient === null ? form[0].base : undefined;
  }

  #run(equation: Equation): void {
    const { inputs, output, primitive, params } = equation;
    if (!this.#dependsOnTangents(inputs)) return;
    this.#ops.at(equation);
    const form = this.#own(() => this.#formOf(equation));
    if (form && form.length <= MOST_TERMS && coefficientsOf(form) <= MOST_COEFFICIENTS) this.#forms.set(output, form);
    else {
      const operands = inputs.map((a) => this.value(a));
      const isSame = operands.every((a, i) => a === inputs[i]);
      const value = isSame ? output : this.#own(() => this.#ops.emit(primitive, operands, params));
      this.#forms.set(output, [{ base: value, coefficient: null }]);
    }
  }

  #dependsOnTangents(inputs: readonly Atom[]): boolean {
    for (let i = 0; i < inputs.length; i++) if (this.#forms.has(inputs[i])) return true;
    return false;
  }

  #plain(v: Atom): void {
    this.#forms.set(v, [{ base: v, coefficient: null }]);
  }

  /** Runs `make`, and notes which of the equations that it makes depend on tangents. */
  #own<T>(make: () => T): T {
    const { equations } = this.#ops;
    const first = equations.length;
    const made = make();
    for (let i = first; i < equations.length; i++) {
      const { inputs, output } = equations[i];
      if (!this.#forms.has(output) && this.#dependsOnTangents(inputs)) this.#plain(output);
    }
    return made;
  }

  /** The form of an elementwise linear equation; undefined for any other. */
  #formOf({ primitive, inputs }: Equation): Form | undefined {
    const ops = this.#ops;
    const x = inputs[0];
    const y = inputs[1];
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
        const [factor, unknown] = this.#forms.has(x) ? [y, x] : [x, y];
        if (this.#forms.has(factor)) return undefined;
        if (this.#form(unknown).some(({ coefficient }) => leavesRange(coefficient, factor))) return undefined;
        return this.#scaled(this.#form(unknown), (c) => (c ? ops.mul(c, factor) : factor));
      }
      case 'div':
        return this.#forms.has(y) ? undefined : this.#scaled(this.#form(x), (c) => ops.div(c ?? 1, y));
      case 'select':
        return this.#selected(inputs);
      default:
        return undefined;
    }
  }

  /** A choice between two forms by a known condition: each coefficient is zero where its branch isn't taken. */
  #selected([chosen, whenTrue, whenFalse]: readonly Atom[]): Form | undefined {
    // A known branch that isn't zero can't be: the program is linear in the tangents.
    if (this.#forms.has(chosen) || !this.#isForm(whenTrue) || !this.#isForm(whenFalse)) return undefined;
    const ops = this.#ops;
    return this.#sum(
      this.#scaled(this.#form(whenTrue), (c, base) => ops.select(chosen, c ?? ops.full(base, 1), 0)),
      this.#scaled(this.#form(whenFalse), (c, base) => ops.select(chosen, ops.full(base, 0), c ?? 1)),
    );
  }

  #isForm(a: Atom): boolean {
    return this.#forms.has(a) || isZero(a);
  }

  #form(a: Atom): Form {
    return this.#forms.get(a) ?? [];
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

const coefficientsOf = (form: Form): number => {
  let count = 0;
  for (let i = 0; i < form.length; i++) {
    let first = 0;
    while (!sameCoefficient(form[first].coefficient, form[i].coefficient)) first++;
    if (first === i) count++;
  }
  return count;
};
