/** What the planner is asked for. */

import type { DeviceName } from '../device-traits.ts';
import type { FloatDtype } from '../ir/aval.ts';
import type { Program } from '../ir/program.ts';
import { ALL_ON, type Levers } from './levers.ts';
import type { Group } from './strand.ts';

export interface PlanRequest {
  /** The recorded function; its first `leaves` inputs are those of x. */
  readonly program: Program;
  readonly leaves: number;
  readonly precision: FloatDtype;
  /** Default: the CPU. */
  readonly device?: DeviceName;
  readonly nbatches: number | 'auto';
  /**
   * The share of the program, 0 … 1, whose forward values aren't kept between tiles but computed again in each: by the
   * bytes of its residuals, and at least so much, since it goes by whole segments. 1: nothing is kept.
   */
  readonly recomputed: number;
  /** Bytes that the values of one tile may take at once, and the products made for all groups: tiles are cut narrower for it. Default: as the caches have it. */
  readonly tileBytes?: number;
  /** Groups of strands that requests of one search share; they differ in `recomputed` and `tileBytes` alone. */
  readonly groupsMade?: Map<string, readonly Group[]>;
  /** Only the first group is wanted, to see whether that alone takes too much. */
  readonly sample?: boolean;
  /** Called between groups, by whoever has little memory to plan in. */
  readonly tidy?: () => void;
  /** Levers that aren't as they are by default. */
  readonly levers?: Partial<Levers>;
}

/** A request with every lever set. */
export interface SetRequest extends PlanRequest {
  readonly device: DeviceName;
  readonly tileBytes: number;
  readonly levers: Levers;
}

export const withLevers = (request: PlanRequest): SetRequest => ({
  ...request,
  device: request.device ?? 'cpu',
  tileBytes: request.tileBytes ?? Number.POSITIVE_INFINITY,
  // Native code is the CPU's.
  levers: { ...ALL_ON, ...request.levers, ...((request.device ?? 'cpu') === 'cpu' ? {} : { native: false }) },
});
