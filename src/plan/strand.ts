/** Groups of seeds with their derivative programs: what plans are made of. */

import type { Placement } from '../pool/job.ts';
import type { Pushforward } from '../transforms/pushforward.ts';
import type { LeafRange } from './groups.ts';

/** One group of seeds with the derivative program restricted to it. */
export interface Strand extends Pushforward {
  readonly range: LeafRange;
  /** Elements of its first leaf before `range.first`. */
  readonly shift: number;
  /** Where each output of `rest` lies on the other side of the matrix. */
  readonly offsets: readonly number[];
  readonly placement: Placement;
}

/** A group of seeds as one strand, or cut into several, the first of which would do for all. */
export interface Group {
  readonly range: LeafRange;
  readonly strands: readonly (() => Strand)[];
}
