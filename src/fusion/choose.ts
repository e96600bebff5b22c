/** Which values of a program are made in memory, and which are computed again wherever they are read. */

import { malformed } from '../ir/builder.ts';
import type { Atom, Equation, Program, Var } from '../ir/program.ts';
import { isVar } from '../ir/program.ts';
import { axesOf, type Box, boxOf, type IndexMap, identityMap, sameMap, volumeOf } from './index-map.ts';
import { priceOfOp } from './op-prices.ts';
import { ALWAYS_MADE, copyOf, isEmpty, isSpread, type Root, rootOf } from './roots.ts';
import { type Sight, sightOf, VIEWS } from './views.ts';

/** A root reads a value at a map, for the counters in a box. */
interface Demand {
  readonly root: Root;
  readonly map: IndexMap;
  readonly box: Box;
}

export interface Choice {
  /** In the order in which they are made. */
  readonly roots: readonly Root[];
  /** Reshapes of what is made, which are the same memory. */
  readonly aliases: ReadonlyMap<Var, Atom>;
}

/** Elements that a load and a store are worth, beside an addition; and what starting a nest is worth. */
const LOAD = 1;
const STORE = 2.5;
const NEST = 400;
/** A nest computes at most about so many values at once, a value is computed at most at so many places. */
const MOST_VALUES = 64;
/** A function that is written out as many operations counts as so many values. */
const PER_VALUE = 4;
const MOST_PLACES = 24;
/** Loops that aren't cut by their own equation are cut into at most so many boxes. */
const MOST_BOXES = 36;

/** Counted, not computed. */
const COUNTED: ReadonlySet<string> = new Set(['iota', 'one_hot']);

/** How often a value is computed for a demand: not in the innermost loop if that doesn't change it, but one by one. */
const timesOf = ({ map, box, root }: Demand): number => {
  const innermost = root.extents.length - 1;
  const volume = volumeOf(box);
  if (innermost < 0) return volume;
  const width = innermost + 2;
  for (let k = width - 1; k < map.length; k += width) if (map[k] !== 0) return volume;
  return (4 * volume) / Math.max(4, box.high[innermost] - box.low[innermost]);
};

interface Added {
  readonly root: Root;
  readonly counter: number;
  readonly at: number;
}

const isCut = (cut: Added, root: Root, counter: number, at: number): boolean =>
  cut.root === root && cut.counter === counter && cut.at === at;

/** Into how many boxes a root's loops fall if cuts are added. */
const boxesWith = (root: Root, added: readonly Added[]): number =>
  root.cuts.reduce((product, cuts, counter) => {
    const more = added.filter((cut) => cut.root === root && cut.counter === counter).length;
    return product * (cuts.length + more + 1);
  }, 1);

class Sweep {
  readonly #program: Program;
  readonly #inputs: ReadonlySet<Var>;
  readonly #demands = new Map<Var, Demand[]>();
  readonly #forced = new Set<Atom>();
  /** What computing an element costs, as far as it isn't read from memory. */
  readonly #prices = new Map<Atom, number>();
  readonly roots: Root[] = [];
  readonly aliases = new Map<Var, Atom>();

  constructor(program: Program) {
    this.#program = program;
    this.#inputs = new Set(program.inputs);
    this.#guessPrices();
    for (const atom of program.outputs) this.#forced.add(atom);
  }

  run(): Choice {
    const { equations, outputs } = this.#program;
    for (let i = equations.length - 1; i >= 0; i--) this.#visit(equations[i]);
    for (const atom of new Set(outputs)) if (!isVar(atom) && !isEmpty(atom)) this.roots.push(copyOf(atom));
    this.roots.reverse();
    return { roots: this.roots, aliases: this.aliases };
  }

  /** From the inputs on: what is used once is thought to be computed where it is used. */
  #guessPrices(): void {
    const uses = new Map<Atom, number>();
    for (const { inputs } of this.#program.equations) for (const a of inputs) uses.set(a, (uses.get(a) ?? 0) + 1);
    const prices = this.#prices;
    for (const v of this.#program.inputs) prices.set(v, LOAD);
    for (const { primitive, inputs, output } of this.#program.equations) {
      let price = priceOfOp(primitive, output.aval.dtype);
      for (const a of inputs) {
        const isOnly = (uses.get(a) ?? 0) <= 1;
        if (isVar(a)) price += isOnly ? (prices.get(a) ?? LOAD) : Math.min(prices.get(a) ?? LOAD, LOAD);
      }
      prices.set(output, ALWAYS_MADE.has(primitive) ? LOAD : price);
    }
  }

  #visit(equation: Equation): void {
    const { output } = equation;
    const demands = this.#demands.get(output) ?? [];
    const forced = this.#forced.has(output);
    if ((demands.length === 0 && !forced) || isEmpty(output)) return;
    if (!forced && !this.#shouldMake(equation, demands) && this.#seeThrough(equation, demands)) return;
    if (equation.primitive === 'reshape') {
      this.aliases.set(output, equation.inputs[0]);
      this.#force(equation.inputs[0]);
      return;
    }
    const root = rootOf(equation);
    this.roots.push(root);
    if (root.maps) {
      const box = boxOf(root.extents);
      for (const [k, map] of root.maps.entries()) this.#demand(equation.inputs[k], { root, map, box });
    } else {
      const own: Demand = { root, map: identityMap(root.extents.length), box: boxOf(root.extents) };
      if (!this.#seeThrough(equation, [own], true)) {
        throw malformed(`${equation.primitive} can't be made by loops.`);
      }
    }
  }

  #force(atom: Atom): void {
    if (isVar(atom)) this.#forced.add(atom);
  }

  #shouldMake(equation: Equation, demands: readonly Demand[]): boolean {
    const { primitive, output } = equation;
    if (ALWAYS_MADE.has(primitive) || isSpread(equation) || demands.length > MOST_PLACES) return true;
    if (demands.some(({ root }) => root.load > MOST_VALUES)) return true;
    if (VIEWS.has(primitive) || COUNTED.has(primitive)) return false;
    const size = output.aval.shape.reduce((product, d) => product * d, 1);
    const times = demands.reduce((sum, demand) => sum + timesOf(demand), 0);
    const price = this.#prices.get(output) ?? LOAD;
    return size * (price + STORE) + times * LOAD + NEST < times * price;
  }

  /** Hands demands on to the equation's operands; false if loops can't, or had to be cut into too many boxes. */
  #seeThrough(equation: Equation, demands: readonly Demand[], own = false): boolean {
    const { primitive, inputs, params } = equation;
    if (VIEWS.has(primitive)) return this.#seeThroughView(equation, demands, own);
    const load = Math.max(1, priceOfOp(primitive, equation.output.aval.dtype) / PER_VALUE);
    for (let k = 0; k < demands.length; k++) {
      const demand = demands[k];
      const { root, map } = demand;
      root.load += load;
      if (primitive === 'one_hot' || primitive === 'gather') {
        const indices = inputs[inputs.length - 1];
        const axis = primitive === 'gather' ? (params.axis as number) : 0;
        const read = axesOf(map, axis, axis + indices.aval.shape.length, root.extents.length + 1);
        this.#demand(indices, { ...demand, map: read });
      } else for (let i = 0; i < inputs.length; i++) this.#demand(inputs[i], demand);
    }
    if (primitive === 'gather') this.#force(inputs[0]);
    return true;
  }

  #seeThroughView(equation: Equation, demands: readonly Demand[], own: boolean): boolean {
    const sights: Sight[] = [];
    const added: Added[] = [];
    for (let k = 0; k < demands.length; k++) {
      const { root, map, box } = demands[k];
      const seen = sightOf(equation, map, box);
      if (!seen) return false;
      sights.push(seen);
      for (const [counter, at] of seen.cuts) {
        if (counter >= root.kept) return false;
        const isKnown = root.cuts[counter].includes(at) || added.some((cut) => isCut(cut, root, counter, at));
        if (!isKnown) added.push({ root, counter, at });
      }
    }
    if (!own && added.some(({ root }) => boxesWith(root, added) > MOST_BOXES)) return false;
    for (const { root, counter, at } of added) root.cuts[counter].push(at);
    for (let k = 0; k < demands.length; k++) {
      const { root } = demands[k];
      for (const { operand, map, box } of sights[k].readings)
        this.#demand(equation.inputs[operand], { root, map, box });
    }
    return true;
  }

  #demand(atom: Atom, demand: Demand): void {
    if (!isVar(atom) || this.#inputs.has(atom)) return;
    const list = this.#demands.get(atom);
    if (!list) this.#demands.set(atom, [demand]);
    // Beyond that it is made, whoever else reads it.
    else if (list.length <= MOST_PLACES) {
      for (let k = 0; k < list.length; k++) if (covers(list[k], demand)) return;
      list.push(demand);
    }
  }
}

const covers = (a: Demand, b: Demand): boolean => {
  if (a === b) return true;
  if (a.root !== b.root || !sameMap(a.map, b.map)) return false;
  if (a.box === b.box) return true;
  for (let k = 0; k < a.box.low.length; k++) {
    if (a.box.low[k] > b.box.low[k] || a.box.high[k] < b.box.high[k]) return false;
  }
  return true;
};

export const chooseRoots = (program: Program): Choice => new Sweep(program).run();
