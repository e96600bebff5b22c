/** Roots that are made alike: the same equations over other values, so that one's nests are the other's. */

import { type Aval, sameShape } from '../ir/aval.ts';
import type { Params, ParamValue } from '../ir/params.ts';
import type { Atom, Equation, Var } from '../ir/program.ts';
import { isVar } from '../ir/program.ts';
import type { Scene } from './nest.ts';
import type { Root } from './roots.ts';

const sameParam = (a: ParamValue, b: ParamValue): boolean =>
  a === b || Object.is(a, b) || (typeof a === 'object' && typeof b === 'object' && sameShape(a, b));

const sameParams = (a: Params, b: Params): boolean => {
  if (a === b) return true;
  for (const name in a) if (!sameParam(a[name], b[name])) return false;
  return true;
};

const sameAval = (a: Aval, b: Aval): boolean => a === b || (a.dtype === b.dtype && sameShape(a.shape, b.shape));

const sameCuts = (a: Root, b: Root): boolean => {
  for (let k = 0; k < a.cuts.length; k++) {
    if (a.cuts[k].length !== b.cuts[k].length) return false;
    for (const at of a.cuts[k]) if (!b.cuts[k].includes(at)) return false;
  }
  return true;
};

class Comparison {
  readonly #scene: Scene;
  /** Of each variable that the one root is made from, the other's. */
  readonly pairs = new Map<Var, Var>();
  readonly #taken = new Set<Var>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  atoms(a: Atom, b: Atom): boolean {
    if (!isVar(a) || !isVar(b)) {
      return !isVar(a) && !isVar(b) && Object.is(a.value, b.value) && sameAval(a.aval, b.aval);
    }
    const known = this.pairs.get(a);
    if (known !== undefined) return known === b;
    if (this.#taken.has(b)) return false;
    const { buffers, makers } = this.#scene;
    const isMade = buffers.has(a);
    if (isMade !== buffers.has(b) || !sameAval(a.aval, b.aval)) return false;
    if (!isMade && !this.equations(makers.get(a) as Equation, makers.get(b) as Equation)) return false;
    this.pairs.set(a, b);
    this.#taken.add(b);
    return true;
  }

  equations(a: Equation, b: Equation): boolean {
    if (a.primitive !== b.primitive || a.inputs.length !== b.inputs.length) return false;
    if (!sameParams(a.params, b.params)) return false;
    for (let i = 0; i < a.inputs.length; i++) if (!this.atoms(a.inputs[i], b.inputs[i])) return false;
    return true;
  }
}

/** If the roots are made alike, which variable of the second each variable of the first stands for. */
export const correspondence = (a: Root, b: Root, scene: Scene): ReadonlyMap<Var, Var> | undefined => {
  if (!a.equation || !b.equation || !sameAval(a.atom.aval, b.atom.aval) || !sameCuts(a, b)) return undefined;
  const comparison = new Comparison(scene);
  return comparison.equations(a.equation, b.equation) ? comparison.pairs : undefined;
};
