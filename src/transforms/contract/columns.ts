/** The columns of a tile: for each axis of the seeded leaf, the index that each column of the batch has on it. */

import type { FloatDtype, Shape } from '../../ir/aval.ts';
import { stridesOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import { BATCH, type Factor, isDynamic, type Label, type Labels } from './term.ts';

/** One leaf's columns, as int32[B] each; columns of other leaves are clamped into it, and masked by the caller. */
export class Columns {
  readonly labels: readonly Label[];
  readonly #ops: Ops;
  readonly #all: Labels;
  readonly #shape: Shape;
  readonly #local: Atom;
  readonly #flat: Atom;
  readonly #taken = new Map<Atom, Map<string, Factor>>();

  /** `local`: the index of each column within the leaf, `size` elements large. One label per axis longer than 1. */
  constructor(ops: Ops, labels: Labels, shape: Shape, size: number, local: Atom) {
    this.#ops = ops;
    this.#all = labels;
    this.#shape = shape.filter((d) => d > 1);
    this.#local = local;
    this.#flat = ops.binary('min', ops.binary('max', local, 0), size - 1);
    this.labels = this.#shape.map((d) => labels.fresh(d, true));
  }

  /** Whether a column of the batch is one of this leaf's, as bool[B]. */
  own(): Atom {
    return this.#ops.binary('eq', this.#local, this.#flat);
  }

  has(label: Label): boolean {
    return this.#all.isSeed(label) && this.labels.includes(this.#all.origin(label).base);
  }

  /** The labels given that are this leaf's, in the order of its axes. */
  ownOf(labels: Iterable<Label>): Label[] {
    return [...labels].filter((label) => this.has(label)).sort((a, b) => this.#axis(a) - this.#axis(b));
  }

  /** 1 where an axis has the column's index: a dynamic factor `[B, …]` over the labels given, in the leaf's order. */
  delta(labels: readonly Label[], dtype: FloatDtype): Factor {
    const sizes = labels.map((label) => this.#all.size(label));
    const volume = this.#all.volume(labels);
    const hot = this.#ops.oneHot(this.place(labels), volume, dtype);
    return { atom: this.#ops.reshape(hot, [hot.aval.shape[0], ...sizes]), labels: [BATCH, ...labels] };
  }

  /** The index into an array whose axes are these labels', row-major; −1 where a column has none there. */
  place(labels: readonly Label[]): Atom {
    const ops = this.#ops;
    const inside = labels
      .filter((label) => label !== this.#all.origin(label).base)
      .map((label) => this.#isInside(label));
    const index = this.#index(labels);
    if (inside.length === 0) return index;
    return ops.select(
      inside.reduce((all, one) => ops.binary('and', all, one)),
      index,
      -1,
    );
  }

  /** Where runs of `length` elements begin in an array of these labels and the run's; −1 for who has none, or is another leaf's. */
  places(labels: readonly Label[], length: number): Atom {
    const ops = this.#ops;
    const index = this.place(labels);
    const known = ops.binary('and', this.own(), ops.binary('ge', index, 0));
    return ops.select(known, ops.mul(index, length), -1);
  }

  /** A static factor at the batch's columns: its seed labels become the batch's. Others are returned as they are. */
  take(factor: Factor): Factor {
    const seeds = this.ownOf(factor.labels);
    if (isDynamic(factor) || seeds.length === 0) return factor;
    const known = this.#taken.get(factor.atom);
    const key = factor.labels.join();
    const found = known?.get(key);
    if (found) return found;
    const ops = this.#ops;
    const rest = factor.labels.filter((label) => !seeds.includes(label));
    const permuted = ops.permute(
      factor.atom,
      [...seeds, ...rest].map((label) => factor.labels.indexOf(label)),
    );
    const restShape = permuted.aval.shape.slice(seeds.length);
    const volume = permuted.aval.shape.slice(0, seeds.length).reduce((product, d) => product * d, 1);
    // Where a column has no place, the term is masked: any element will do.
    const atom = ops.gather(ops.reshape(permuted, [volume, ...restShape]), this.#index(seeds), 0);
    const taken = { atom, labels: [BATCH, ...rest] };
    if (known) known.set(key, taken);
    else this.#taken.set(factor.atom, new Map([[key, taken]]));
    return taken;
  }

  #axis(label: Label): number {
    return this.labels.indexOf(this.#all.origin(label).base);
  }

  /** Like `place`, but some index where a column has none. */
  #index(labels: readonly Label[]): Atom {
    const ops = this.#ops;
    const axes = labels.map((label) => this.#axis(label));
    const whole = labels.every((label) => this.labels.includes(label));
    if (whole && axes.every((axis, i) => i === 0 || axis === axes[i - 1] + 1)) {
      return this.#run(axes[0], axes[axes.length - 1]);
    }
    const strides = stridesOf(labels.map((label) => this.#all.size(label)));
    return labels.map((label, i) => ops.mul(this.#along(label), strides[i])).reduce((sum, part) => ops.add(sum, part));
  }

  /** A column's index on the axis of one label, clamped into it. */
  #along(label: Label): Atom {
    const ops = this.#ops;
    const axis = this.#axis(label);
    const { base, shift } = this.#all.origin(label);
    const index = this.#run(axis, axis);
    if (label === base) return index;
    return ops.binary('min', ops.binary('max', ops.add(index, shift), 0), this.#all.size(label) - 1);
  }

  #isInside(label: Label): Atom {
    const ops = this.#ops;
    const axis = this.#axis(label);
    const shifted = ops.add(this.#run(axis, axis), this.#all.origin(label).shift);
    const compare = (how: 'ge' | 'lt', bound: number): Atom => ops.binary(how, shifted, bound);
    return ops.binary('and', compare('ge', 0), compare('lt', this.#all.size(label)));
  }

  /** The combined index over axes first … last. */
  #run(first: number, last: number): Atom {
    const ops = this.#ops;
    const strides = stridesOf(this.#shape);
    const above = strides[last] === 1 ? this.#flat : ops.div(this.#flat, strides[last]);
    return first === 0 ? above : ops.binary('rem', above, strides[first - 1] / strides[last]);
  }
}
