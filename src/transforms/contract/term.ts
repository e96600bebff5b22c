/** Multilinear terms: what a value that depends on the seeds is made of before anything is multiplied out. */

import type { Atom } from '../../ir/program.ts';

/** Names an index; each has a size. */
export type Label = number;

/** An array whose axes are labelled. It depends on the seeds exactly if it has the batch label. */
export interface Factor {
  readonly atom: Atom;
  readonly labels: readonly Label[];
}

/**
 * `scale · Σ Π factors` where the sum is over nothing: labels that were summed are gone. `axes[i]` are the labels that
 * axis i of the value is made of, outermost first. A seed label stands for the index that the batch's column has on an
 * axis of its leaf: an axis of that label is zero but at this index, and a factor of that label is taken there.
 * A label of an axis that no factor has means repetition.
 */
export interface Term {
  readonly scale: number;
  readonly factors: readonly Factor[];
  readonly axes: readonly (readonly Label[])[];
}

/** A value as a sum of terms; none is zero. */
export type Form = readonly Term[];

/** The batch: one column per index. */
export const BATCH: Label = 0;

/** A seed's axis seen through a window: index i of the base label stands at i + shift. */
export interface Origin {
  readonly base: Label;
  readonly shift: number;
}

export class Labels {
  readonly #sizes: number[];
  /** Of seed labels. */
  readonly #origins = new Map<Label, Origin>();
  readonly #windows = new Map<string, Label>();

  constructor(batch: number) {
    this.#sizes = [batch];
  }

  fresh(size: number, seed = false): Label {
    this.#sizes.push(size);
    const label = this.#sizes.length - 1;
    if (seed) this.#origins.set(label, { base: label, shift: 0 });
    return label;
  }

  /** The label of an axis of `size` on which a seed's index stands `shift` places further on; out of range it is nowhere. */
  window(seed: Label, shift: number, size: number): Label {
    const { base, shift: before } = this.origin(seed);
    const total = before + shift;
    if (total === 0 && size === this.size(base)) return base;
    const key = `${base} ${total} ${size}`;
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const label = this.fresh(size);
    this.#origins.set(label, { base, shift: total });
    this.#windows.set(key, label);
    return label;
  }

  /** Where a seed label comes from. */
  origin(seed: Label): Origin {
    return this.#origins.get(seed) as Origin;
  }

  size(label: Label): number {
    return this.#sizes[label];
  }

  isSeed(label: Label): boolean {
    return this.#origins.has(label);
  }

  /** Elements of an array of these labels. */
  volume(labels: readonly Label[]): number {
    let product = 1;
    for (let i = 0; i < labels.length; i++) product *= this.#sizes[labels[i]];
    return product;
  }
}

export const isDynamic = (factor: Factor): boolean => factor.labels.includes(BATCH);

export const labelsOf = (factors: readonly Factor[]): Set<Label> => new Set(factors.flatMap((f) => f.labels));

/** The factor with labels renamed. */
export const renamed = (factor: Factor, names: ReadonlyMap<Label, Label>): Factor => ({
  atom: factor.atom,
  labels: factor.labels.map((label) => names.get(label) ?? label),
});
