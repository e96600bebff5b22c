/** What a thread and the process that has its device say to each other. */

import type { SerializedError } from '../../errors.ts';
import type { Value } from '../../ir/aval.ts';
import type { Artifact } from '../executable.ts';

/** A value that stays in the process: the output of an executable, as it last kept them. */
export interface Kept {
  readonly of: number;
  readonly output: number;
}

/** Executables are numbered by who asks. */
export type Request =
  | { readonly do: 'load'; readonly executable: number; readonly artifact: Artifact }
  | { readonly do: 'run' | 'keep'; readonly executable: number; readonly inputs: readonly (Value | Kept)[] }
  | { readonly do: 'dispose'; readonly executable: number };

/** One for each request, in their order. `values`: of a run. */
export type Answer = { readonly values?: readonly Value[] } | { readonly error: SerializedError };
