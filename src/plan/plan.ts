/** The Plan: what will be computed, in which pieces, and what that costs. Pure data, printed for people. */

import { DEVICES, type DeviceName } from '../device-traits.ts';
import type { FloatDtype } from '../ir/aval.ts';
import type { Program } from '../ir/program.ts';
import type { Group, Tile } from '../pool/job.ts';
import { describeGroups } from './describe.ts';
import type { CompiledEngine } from './engines.ts';
import { formatBytes, formatCount } from './format.ts';
import { type Circumstances, estimate, type MemoryEstimate } from './memory.ts';
import type { Prices } from './prices.ts';

/** A group of the job, with its program in the place of an artifact. */
export interface PlannedGroup extends Omit<Group, 'artifact'> {
  /** (…values named by `sources`, seed indices int32[width]) → tile outputs. */
  readonly program: Program;
  readonly engine: CompiledEngine;
}

/** What the planner hands on to be compiled and run. */
export interface Planned {
  /** (…inputs of the recorded program) → (…residuals); null where no group needs one. */
  readonly point: Program | null;
  readonly pointEngine: CompiledEngine;
  readonly groups: readonly PlannedGroup[];
  /** For each group, what the cost model says of its tile program. */
  readonly prices: readonly Prices[];
  readonly tiles: readonly Tile[];
  readonly rows: number;
  readonly columns: number;
  readonly dtype: FloatDtype;
  readonly facts: PlanFacts;
}

export type PlanMode = 'forward-over-reverse' | 'forward' | 'reverse';

/** What the contract promises of a plan, before anything runs. */
export interface PlanSummary {
  /** Elements of x. */
  readonly n: number;
  readonly nbatches: number;
  /** Most seeds that a worker has in flight: w = ceil(n / nbatches). */
  readonly blockSize: number;
  /** Widest tile. */
  readonly tileWidth: number;
  readonly mode: PlanMode;
  /** Several: workers of all of them share the tiles. */
  readonly device: DeviceName | readonly DeviceName[];
  /** With `device: 'auto'`: why this one. */
  readonly chosen?: string;
  /** Worker threads; 0: a problem too small to gain from them runs in-process. */
  readonly workers: number;
  readonly precision: FloatDtype;
  /** Whether forward values are recomputed in every tile: all (true), none (false), or a share of them by bytes. */
  readonly checkpoint: boolean | number;
  /** Floating-point operations of the whole matrix. */
  readonly flops: number;
  /** Bytes that the call adds at its fullest moment: workers' values, inputs, and the matrix where it is held. */
  readonly estimatedPeakBytes: number;
}

/** What the planner knows of a plan, wherever it runs. */
export interface PlanFacts extends Omit<PlanSummary, 'device' | 'chosen' | 'workers' | 'estimatedPeakBytes'> {
  readonly device: DeviceName;
  /** Bytes held once: inputs, constants. */
  readonly sharedBytes: number;
  /** Equations that checkpointing computes again. */
  readonly recomputed: number;
  /** Operators that the device lacks, which run on the CPU. */
  readonly elsewhere?: readonly string[];
}

/** Threads share the CPU; a context is a thread's own. */
const owning = (device: DeviceName, workers: number): string => {
  if (device === 'cpu') return '';
  if (workers > 1) return ', each of which owns its context';
  const { unasked } = DEVICES[device];
  return `, which owns its context${unasked ? `; ${unasked.why}` : ''}`;
};

/** A plan as the caller sees it. `String(plan)` prints it for people. */
export class Plan implements PlanSummary {
  readonly n: number;
  readonly nbatches: number;
  readonly blockSize: number;
  readonly tileWidth: number;
  readonly mode: PlanMode;
  readonly device: DeviceName | readonly DeviceName[];
  readonly chosen?: string;
  readonly workers: number;
  readonly precision: FloatDtype;
  readonly checkpoint: boolean | number;
  readonly flops: number;
  readonly estimatedPeakBytes: number;
  readonly #parts: readonly PlanPart[];

  /** `parts`: for each device, in the order in which the caller gave them. */
  constructor(parts: readonly PlanPart[]) {
    const [{ planned }] = parts;
    const { facts } = planned;
    this.n = facts.n;
    this.nbatches = facts.nbatches;
    this.blockSize = facts.blockSize;
    this.tileWidth = Math.max(...parts.map((part) => part.planned.facts.tileWidth));
    this.mode = facts.mode;
    this.device = parts.length === 1 ? facts.device : parts.map((part) => part.planned.facts.device);
    this.workers = parts.reduce((sum, { circumstances }) => sum + circumstances.workers, 0);
    this.precision = facts.precision;
    this.checkpoint = facts.checkpoint;
    this.flops = facts.flops;
    if (parts[0].chosen) this.chosen = parts[0].chosen;
    this.#parts = parts;
    this.estimatedPeakBytes = peakOf(parts);
  }

  /** The same facts as a plain object. */
  summary(): PlanSummary {
    const { n, nbatches, blockSize, tileWidth, mode, device, workers, precision, checkpoint, flops } = this;
    const { estimatedPeakBytes } = this;
    return {
      n,
      nbatches,
      blockSize,
      tileWidth,
      mode,
      device,
      ...(this.chosen ? { chosen: this.chosen } : {}),
      workers,
      precision,
      checkpoint,
      flops,
      estimatedPeakBytes,
    };
  }

  toString(): string {
    return [
      `${this.mode} plan: n = ${this.n}, ${this.precision}, checkpoint ${this.checkpoint}`,
      `  blocks     ${this.nbatches} of at most ${this.blockSize}, tiles at most ${this.tileWidth} wide`,
      ...(this.#parts.length === 1
        ? []
        : [`  memory     ${formatBytes(this.estimatedPeakBytes)} at the fullest moment, of all devices`]),
      ...this.#parts.flatMap(describePart),
    ].join('\n');
  }
}

/** The plan of one device, and how it is run there. */
export interface PlanPart {
  /** Why on this device, where that was left to diffops. */
  readonly chosen?: string | undefined;
  readonly planned: Planned;
  readonly circumstances: Circumstances;
}

/** What all add; the result is held once. */
const peakOf = (parts: readonly PlanPart[]): number =>
  parts.reduce(
    (sum, { planned, circumstances }, k) =>
      sum + estimate(planned, k === 0 ? circumstances : { ...circumstances, held: 0 }).total,
    0,
  );

const describePart = ({ planned, circumstances, chosen }: PlanPart): string[] => {
  const { device, elsewhere, flops } = planned.facts;
  const { workers } = circumstances;
  const memory = estimate(planned, circumstances);
  return [
    `  workers    ${workers === 0 ? 'none (in-process)' : workers} on ${device}${owning(device, workers)}`,
    ...(chosen ? [`  chosen     ${chosen}`] : []),
    ...(elsewhere?.length ? [`  on the CPU ${elsewhere.join(', ')}: the device lacks these`] : []),
    `  work       ${formatCount(flops)}FLOP`,
    `  memory     ${formatBytes(memory.total)} at the fullest moment: ${describeTerms(memory)}`,
    ...describeGroups(planned),
  ];
};

export const describeTerms = ({ terms }: MemoryEstimate): string =>
  terms.flatMap(({ name, bytes }) => (bytes > 0 ? [`${name} ${formatBytes(bytes)}`] : [])).join(', ');
