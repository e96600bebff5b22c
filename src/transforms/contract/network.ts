/** Works terms out: chooses an order for their factors and emits it, at the point where it can, else in the batch. */

import { type FloatDtype, type Shape, sizeOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import type { Columns } from './columns.ts';
import { multiply, spread, summed } from './multiply.ts';
import { bestOrder, finishCost, mayKeep, type Order, type Pricing, type Rank, ratesOf } from './order.ts';
import { BATCH, type Factor, type Form, isDynamic, type Label, type Labels, labelsOf, type Term } from './term.ts';

/** A part of an output over the batch: `[width, size]`, and where it begins in the output (int32[width]) if not at 0. */
export interface Piece {
  readonly values: Atom;
  readonly places?: Atom;
}

/** An output that is computed in fewer places than one in so many is given with its places. */
const FEWEST_PLACES = 4;

export class Network {
  readonly ops: Ops;
  readonly labels: Labels;
  /** Of leaves, by the labels of their axes. */
  readonly #columns: ReadonlyMap<Label, Columns>;
  readonly #tiles: number;
  readonly #dtype: FloatDtype;

  constructor(ops: Ops, labels: Labels, columns: readonly Columns[], tiles: number, dtype: FloatDtype) {
    this.ops = ops;
    this.labels = labels;
    this.#columns = new Map(columns.flatMap((leaf) => leaf.labels.map((label) => [label, leaf])));
    this.#tiles = tiles;
    this.#dtype = dtype;
  }

  /**
   * The term with `gone` summed over: the factors that have these labels are multiplied out at once. `after`: the axes
   * that the result will have.
   */
  eliminate(term: Term, gone: ReadonlySet<Label>, after: Term['axes']): Term {
    const { labels } = this;
    const axes = term.axes.map((axis) => axis.filter((label) => !gone.has(label)));
    // Summing over an axis that has a seed's label picks the one element that isn't zero: nothing to do.
    const summing = new Set([...gone].filter((label) => !labels.isSeed(label)));
    let { scale } = term;
    for (const label of summing) {
      if (!labelsOf(term.factors).has(label)) scale *= labels.size(label);
    }
    const joined = term.factors.filter((f) => f.labels.some((label) => summing.has(label)));
    if (joined.length === 0) return { ...term, scale, axes };
    const rest = term.factors.filter((f) => !joined.includes(f));
    const kept = new Set([...labelsOf(joined)].filter((label) => !summing.has(label)));
    const { order } = bestOrder(joined, kept, this.#pricing(term, after));
    // The last chance to scale at the point is before the batch comes in.
    const dynamic = order.kind === 'product' && order.dynamic;
    const ready = dynamic ? this.#withScale(joined, scale) : joined;
    const product = this.#emit(order, ready, kept);
    return { scale: dynamic ? 1 : scale, axes, factors: [...rest, product] };
  }

  /** Nanoseconds per tile of `eliminate`. */
  eliminationCost(term: Term, gone: ReadonlySet<Label>): number {
    const summing = (label: Label): boolean => gone.has(label) && !this.labels.isSeed(label);
    const joined = term.factors.filter((f) => f.labels.some(summing));
    if (joined.length === 0) return 0;
    const kept = new Set([...labelsOf(joined)].filter((label) => !summing(label)));
    const after = term.axes.map((axis) => axis.filter((label) => !gone.has(label)));
    return bestOrder(joined, kept, this.#pricing(term, after)).cost;
  }

  /** Whether a constant over these labels may be kept at the point, for products with the columns of this term. */
  mayKeep(term: Term, labels: readonly Label[]): boolean {
    return mayKeep(labels, this.#pricing(term));
  }

  /** Nanoseconds per tile of making a constant over these labels at the point as a sum of two products of two factors. */
  constantCost(labels: readonly Label[]): number {
    return (3 * ratesOf(this.#dtype).element * this.labels.volume(labels)) / this.#tiles;
  }

  /** Nanoseconds per tile of `materialize`. */
  materializationCost(term: Term): number {
    const flat = term.axes.flat();
    const kept = new Set(flat.filter((label) => !this.labels.isSeed(label)));
    const pricing = this.#pricing(term);
    const made = term.factors.length === 0 ? 0 : finishCost(bestOrder(term.factors, kept, pricing), pricing);
    const deltas = flat.some((label) => this.labels.isSeed(label));
    return made + (deltas ? 2 * pricing.rates.element * this.labels.volume([BATCH, ...flat]) : 0);
  }

  /** The value of a form as one array over the batch, `[width, …shape]`. */
  materialize(form: Form, shape: Shape): Atom {
    // Terms may cut an axis into different labels: their arrays agree in elements, not in axes.
    return form
      .map((term) => this.ops.reshape(this.#materializeTerm(term).atom, [this.labels.size(BATCH), ...shape]))
      .reduce((sum, part) => this.ops.add(sum, part));
  }

  /**
   * The value of a form that is an output, in pieces. Where all terms have a seed's labels on the first axes, they are
   * zero but at one place on these axes, and only that is computed (`bands`).
   */
  pieces(form: Form, shape: Shape, bands: boolean): Piece[] {
    const { ops } = this;
    const width = this.labels.size(BATCH);
    const placed = bands ? this.#placedAxes(form) : 0;
    const rest = shape.slice(placed);
    if (sizeOf(shape) < FEWEST_PLACES * sizeOf(rest)) {
      return [{ values: ops.reshape(this.materialize(form, shape), [width, sizeOf(shape)]) }];
    }
    const byPlace = new Map<string, Term[]>();
    for (const term of form) {
      const key = term.axes.slice(0, placed).flat().join();
      byPlace.set(key, [...(byPlace.get(key) ?? []), term]);
    }
    return [...byPlace.values()].map((terms): Piece => {
      const labels = terms[0].axes.slice(0, placed).flat();
      const columns = this.#columnsAmong(labels) as Columns;
      const ends = terms.map((term) => ({ ...term, axes: term.axes.slice(placed) }));
      const values = ops.reshape(this.materialize(ends, rest), [width, sizeOf(rest)]);
      return { values, places: columns.places(labels, sizeOf(rest)) };
    });
  }

  /**
   * How many of the first axes have nothing but a seed's labels in every term, and in all terms of one leaf windows of one size
   * on the same axes of it: so terms of one column are at one place only if their labels are the same.
   */
  #placedAxes(form: Form): number {
    const { labels } = this;
    const basesOf = (term: Term, i: number): string =>
      term.axes[i]
        .map((label) => (labels.isSeed(label) ? `${labels.origin(label).base}:${labels.size(label)}` : 'none'))
        .join();
    const isPlaced = (i: number): boolean => {
      const all = form.map((term) => basesOf(term, i));
      return !all.some((bases) => bases.includes('none')) && this.#agree(form, all);
    };
    const { axes } = form[0];
    const first = axes.findIndex((_, i) => !isPlaced(i));
    return first < 0 ? axes.length : first;
  }

  /** Whether terms of the same leaf have the same bases. */
  #agree(form: Form, bases: readonly string[]): boolean {
    const leaves = form.map(({ axes }) => this.#columnsAmong(axes.flat()));
    return bases.every((one, k) => one === bases[leaves.indexOf(leaves[k])]);
  }

  #materializeTerm({ scale, factors, axes }: Term): Factor {
    const { ops, labels } = this;
    const flat = axes.flat();
    const target = [BATCH, ...flat];
    const deltas = flat.filter((label) => labels.isSeed(label));
    const kept = new Set(flat.filter((label) => !labels.isSeed(label)));
    let result = this.#deltaOf(deltas);
    if (factors.length > 0) {
      const ready = this.#withScale(factors, scale);
      const { order } = bestOrder(ready, kept, this.#pricing({ scale, factors, axes }));
      const product = this.#take(this.#emit(order, ready, kept));
      const own = target.filter((label) => product.labels.includes(label) || result?.labels.includes(label));
      result = result ? multiply(ops, product, result, own) : product;
    } else if (result) result = this.#scaled(result, scale);
    const made = result ?? { atom: ops.literal(scale, [], this.#dtype), labels: [] };
    return spread(ops, made, target, labels);
  }

  /** The scale goes into the smallest factor, of those at the point if there are any. */
  #withScale(factors: readonly Factor[], scale: number): readonly Factor[] {
    const statics = factors.filter((f) => !isDynamic(f));
    const candidates = statics.length > 0 ? statics : factors;
    const volume = (f: Factor): number => this.labels.volume(f.labels);
    const smallest = candidates.reduce((a, b) => (volume(b) < volume(a) ? b : a));
    return factors.map((f) => (f === smallest ? this.#scaled(f, scale) : f));
  }

  /** The term with its scale in its youngest factor, of those at the point if there are any. */
  settle({ scale, factors, axes }: Term): Term {
    const statics = factors.filter((f) => !isDynamic(f));
    const host = (statics.length > 0 ? statics : factors)[(statics.length || factors.length) - 1];
    return { scale: 1, axes, factors: factors.map((f) => (f === host ? this.#scaled(f, scale) : f)) };
  }

  #scaled({ atom, labels }: Factor, scale: number): Factor {
    return { atom: this.ops.mul(atom, scale), labels };
  }

  #deltaOf(deltas: readonly Label[]): Factor | undefined {
    if (deltas.length === 0) return undefined;
    const columns = this.#columnsAmong(deltas) as Columns;
    return columns.delta(columns.ownOf(deltas), this.#dtype);
  }

  #take(factor: Factor): Factor {
    return this.#columnsAmong(factor.labels)?.take(factor) ?? factor;
  }

  /** The leaf whose seed labels are among these: a term's are of one leaf. */
  #columnsAmong(labels: readonly Label[]): Columns | undefined {
    for (const label of labels) {
      if (this.labels.isSeed(label)) return this.#columns.get(this.labels.origin(label).base);
    }
    return undefined;
  }

  #emit(order: Order, factors: readonly Factor[], kept: ReadonlySet<Label>): Factor {
    const { labels } = this;
    if (order.kind === 'factor') {
      // A factor that stands alone may have labels that nothing needs.
      return factors.length === 1
        ? summed(this.ops, factors[0], (label) => kept.has(label) || label === BATCH || labels.isSeed(label))
        : factors[order.index];
    }
    const left = this.#emit(order.left, factors, kept);
    const right = this.#emit(order.right, factors, kept);
    if (!order.dynamic) return multiply(this.ops, left, right, order.labels);
    return multiply(this.ops, this.#take(left), this.#take(right), order.labels);
  }

  /** `after`: the axes that the result will have. */
  #pricing({ factors, axes }: Term, after = axes): Pricing {
    const used = [...labelsOf(factors), ...axes.flat()];
    const columns = this.#columnsAmong(used);
    return {
      labels: this.labels,
      tiles: this.#tiles,
      seeds: new Set(columns?.labels ?? []),
      rates: ratesOf(this.#dtype),
      rank: rankIn(after),
    };
  }
}

/**
 * Where a label stands in products: the batch, the axes in their order, and what will be summed or taken. That comes
 * first at the point, where it is taken from, and last in the batch: a sum over the last axis is one product of matrices.
 */
const rankIn = (axes: Term['axes']): Rank => {
  const places = new Map(axes.flat().map((label, i) => [label, i + 1]));
  return (label, dynamic) => (label === BATCH ? -1 : (places.get(label) ?? (dynamic ? places.size + 1 : 0)));
};
