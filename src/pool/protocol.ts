/** What coordinator and worker say to each other: calls over comlink's port, and the result of a piscina task. */

import type { MessagePort } from 'node:worker_threads';
import type { Artifact } from '../compile/executable.ts';
import type { SerializedError } from '../errors.ts';
import type { Value } from '../ir/aval.ts';
import type { Block } from '../stitch/block.ts';
import type { ResultMemory } from '../stitch/result-memory.ts';
import type { Strips } from '../stitch/strip.ts';
import type { ControlHead } from './control.ts';
import type { Ending, JobHead, Span, Times } from './run-job.ts';

/** All that a worker is told at the start of a task. */
export interface Brief {
  readonly job: JobHead;
  readonly control: ControlHead;
  readonly slot: number;
  readonly retry: readonly number[];
  /** When this was handed out, in milliseconds since 1970. */
  readonly since: number;
  /** The matrix, or the strips of one, to write into; null: send blocks. */
  readonly into: ResultMemory | Strips | null;
  /** Whether anyone wants to hear of progress. */
  readonly progress: boolean;
}

/** The coordinator's side of the port; a worker calls it, never the other way round: orders go by the control buffer. */
export interface Coordinator {
  /** Null: it can't be made, and the run has failed. */
  artifact(index: number): Artifact | null;
  fixed(): readonly Value[];
  progress(): void;
  block(indices: readonly number[], block: Block, spoiled: number): void;
}

/** The piscina task: one per worker and stint. All is in it, since each message more would wake a thread more. */
export interface Task {
  readonly port: MessagePort;
  readonly brief: Brief;
  /** Number under which the slot is offered; once the offer is taken back, the task is void. */
  readonly offer: number;
}

export interface TaskResult {
  readonly threadId: number;
  readonly ending: Ending;
  readonly times: Times;
  readonly spans: readonly Span[];
  readonly failure?: { readonly error: SerializedError; readonly tile: number };
}

/** How often a worker speaks of progress and looks at memory, in milliseconds. */
export const PROGRESS_EVERY = 20;

/** How long a worker waits for a slow consumer of blocks before it leaves the thread, in milliseconds. */
export const PATIENCE = 200;
