/** What a workload is: a function whose whole Hessian or Jacobian is timed, at a point, and how the peers are asked for it. */

import type * as tf from '@tensorflow/tfjs';
import type { Tree } from '../../src/index.ts';

export interface Workload {
  readonly name: string;
  /** What it is, in half a line. */
  readonly about: string;
  /** What is timed of it; a Hessian unless it says otherwise. */
  readonly matrix?: 'hessian' | 'jacobian';
  /** Elements of x. */
  readonly n: number;
  readonly f: (x: never) => tf.Tensor;
  readonly x: Tree;
  /** Only so many columns are timed, streamed and dropped: for a matrix that is too large to hold. */
  readonly columns?: number;
  /** Blocks that the peers compute the columns in: about the fastest for them. */
  readonly peerBatches: number;
  /** Whether PyTorch has a twin of it (`peers/torch_workloads.py`). */
  readonly hasTorch?: boolean;
  /** Whether JAX runs it restricted by hand, too (`RESTRICTED` in `peers/workloads.py`). */
  readonly hasRestricted?: boolean;
  /** Timed runs of each contender; the slow workloads get few. */
  readonly runs: number;
}
