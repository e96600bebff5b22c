/** Finds equal equations: a hash table over a builder's equations, by primitive, operands, params and region. */

import { sameShape } from './aval.ts';
import type { Params, ParamValue, PrimitiveName } from './params.ts';
import type { Atom, Equation, Literal } from './program.ts';

const mixed = (hash: number, value: number): number => {
  const h = Math.imul(hash ^ value, 0x9e3779b1);
  return h ^ (h >>> 15);
};

/** Fractions differ in their low digits, whole numbers in their own. */
const hashOfNumber = (value: number): number => (value | 0) ^ ((value * 0x3fff_ffff) | 0);

const hashOfParam = (hash: number, value: ParamValue): number => {
  if (typeof value === 'number') return mixed(hash, hashOfNumber(value));
  if (typeof value === 'string') return mixed(hash, value.charCodeAt(value.length - 1));
  if (typeof value === 'boolean') return mixed(hash, Number(value));
  let h = mixed(hash, value.length);
  for (let i = 0; i < value.length; i++) h = mixed(h, value[i]);
  return h;
};

const hashOf = (primitive: PrimitiveName, inputs: readonly Atom[], params: Params, region: number): number => {
  let h = mixed(region + 1, primitive.length + 32 * primitive.charCodeAt(0));
  for (let i = 0; i < inputs.length; i++) {
    const a = inputs[i];
    h = a.kind === 'var' ? mixed(h, a.id) : mixed(~h, hashOfNumber(a.value));
  }
  for (const name in params) h = hashOfParam(h, params[name]);
  return h;
};

const sameParam = (a: ParamValue, b: ParamValue): boolean =>
  Object.is(a, b) || (typeof a === 'object' && typeof b === 'object' && sameShape(a, b));

const sameParams = (a: Params, b: Params): boolean => {
  for (const name in a) if (!sameParam(a[name], b[name])) return false;
  return true;
};

const sameLiteral = (a: Literal, b: Atom): boolean =>
  b.kind === 'literal' &&
  Object.is(a.value, b.value) &&
  a.aval.dtype === b.aval.dtype &&
  sameShape(a.aval.shape, b.aval.shape);

const sameInputs = (a: readonly Atom[], b: readonly Atom[]): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const x = a[i];
    if (x !== b[i] && !(x.kind === 'literal' && sameLiteral(x, b[i]))) return false;
  }
  return true;
};

export class SharedEquations {
  readonly #equations: Equation[];
  /** Of each equation, in order. */
  readonly #hashes: number[] = [];
  /** Open addressing: an equation's place in the list plus one; 0 is free. The length is a power of two. */
  #slots = new Int32Array(64);
  /** Where `find` ended: its hash, and the free slot. */
  #hash = 0;
  #free = 0;

  /** `equations`: the list that `add` appends to; nothing else may. */
  constructor(equations: Equation[]) {
    this.#equations = equations;
  }

  find(primitive: PrimitiveName, inputs: readonly Atom[], params: Params, region: number): Equation | undefined {
    const hash = hashOf(primitive, inputs, params, region);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = hash & mask;
    for (; slots[at] !== 0; at = (at + 1) & mask) {
      const place = slots[at] - 1;
      if (this.#hashes[place] !== hash) continue;
      const equation = this.#equations[place];
      const alike = equation.primitive === primitive && (equation.region ?? 0) === region;
      if (alike && sameInputs(equation.inputs, inputs) && sameParams(equation.params, params)) return equation;
    }
    this.#hash = hash;
    this.#free = at;
    return undefined;
  }

  /** Appends the equation that `find` was just asked for in vain. */
  add(equation: Equation): void {
    this.#equations.push(equation);
    this.#hashes.push(this.#hash);
    this.#slots[this.#free] = this.#equations.length;
    if (2 * this.#equations.length > this.#slots.length) this.#grow();
  }

  #grow(): void {
    const slots = new Int32Array(4 * this.#slots.length);
    const mask = slots.length - 1;
    for (let place = 0; place < this.#hashes.length; place++) {
      let at = this.#hashes[place] & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = place + 1;
    }
    this.#slots = slots;
  }
}
