/** What the cost model says of a group's tile program, and of those that it was weighed against. */

/** How a tile program was made: batched equation by equation from one end or the other, or contracted. */
export type Shaping = 'leading' | 'trailing' | 'contracted';

/** A way to shape a group's tile program. */
export interface Way {
  readonly shaping: Shaping;
  readonly width: number;
  /** Predicted nanoseconds of one core per seed, with its share of the products that are made at the point for it. */
  readonly nanoseconds: number;
  /** Whether the memory for products bears it. */
  readonly fits: boolean;
}

export interface Prices extends Way {
  /** Floating-point operations, bytes read and written, and nodes of the engine, per tile. */
  readonly flops: number;
  readonly bytes: number;
  readonly nodes: number;
  /** What the way taken was weighed against. */
  readonly against: readonly Way[];
}
