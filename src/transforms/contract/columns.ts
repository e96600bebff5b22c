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
  readonly #shape: Shape;
  readonly #flat: Atom;
  readonly #taken = new Map<Atom, Map<string, Factor>>();

  /** `flat`: the index of each column within the leaf. One label per axis longer than 1. */
  constructor(ops: Ops, labels: Labels, shape: Shape, flat: Atom) {
    this.#ops = ops;
    this.#shape = shape.filter((d) => d > 1);
    this.#flat = flat;
    this.labels = this.#shape.map((d) => labels.fresh(d, true));
  }

  has(label: Label): boolean {
    return this.labels.includes(label);
  }

  /** The index into an array whose axes are these labels', row-major. `labels` are in the leaf's order. */
  index(labels: readonly Label[]): Atom {
    const ops = this.#ops;
    const axes = labels.map((label) => this.labels.indexOf(label));
    const consecutive = axes.every((axis, i) => i === 0 || axis === axes[i - 1] + 1);
    if (consecutive) return this.#run(axes[0], axes[axes.length - 1]);
    const sizes = axes.map((axis) => this.#shape[axis]);
    const strides = stridesOf(sizes);
    return axes.map((axis, i) => ops.mul(this.#run(axis, axis), strides[i])).reduce((sum, part) => ops.add(sum, part));
  }

  /** The combined index over axes first … last. */
  #run(first: number, last: number): Atom {
    const ops = this.#ops;
    const strides = stridesOf(this.#shape);
    const above = strides[last] === 1 ? this.#flat : ops.div(this.#flat, strides[last]);
    return first === 0 ? above : ops.binary('rem', above, strides[first - 1] / strides[last]);
  }

  /** 1 where an axis has the column's index: a dynamic factor `[B, …]` over the labels given, in the leaf's order. */
  delta(labels: readonly Label[], dtype: FloatDtype): Factor {
    const sizes = labels.map((label) => this.#shape[this.labels.indexOf(label)]);
    const volume = sizes.reduce((product, d) => product * d, 1);
    const hot = this.#ops.oneHot(this.index(labels), volume, dtype);
    return { atom: this.#ops.reshape(hot, [hot.aval.shape[0], ...sizes]), labels: [BATCH, ...labels] };
  }

  /** A static factor at the batch's columns: its seed labels become the batch's. Others are returned as they are. */
  take(factor: Factor): Factor {
    const seeds = this.labels.filter((label) => factor.labels.includes(label));
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
    const atom = ops.gather(ops.reshape(permuted, [volume, ...restShape]), this.index(seeds), 0);
    const taken = { atom, labels: [BATCH, ...rest] };
    if (known) known.set(key, taken);
    else this.#taken.set(factor.atom, new Map([[key, taken]]));
    return taken;
  }
}
