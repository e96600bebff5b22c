/** The axes of terms as runs of labels. */

import type { Shape } from '../../ir/aval.ts';
import type { Label, Labels, Term } from './term.ts';

export type Axes = readonly (readonly Label[])[];

/** The labels on some axes of a term. */
export const labelsAt = ({ axes }: Term, indices: readonly number[]): Set<Label> =>
  new Set(indices.flatMap((i) => axes[i]));

/** Labels in order as axes of a shape, each a run of whole labels. */
export const regrouped = (flat: readonly Label[], shape: Shape, labels: Labels): Axes | undefined => {
  const axes: Label[][] = [];
  let next = 0;
  for (const d of shape) {
    const axis: Label[] = [];
    let size = 1;
    while (size < d && next < flat.length) {
      axis.push(flat[next]);
      size *= labels.size(flat[next++]);
    }
    if (size !== d) return undefined;
    axes.push(axis);
  }
  return axes;
};
