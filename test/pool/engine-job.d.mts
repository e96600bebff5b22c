/** Types of the job of real programs. */

import type { compileProgram } from '../../src/compile/compile.ts';
import type { EngineName } from '../../src/compile/executable.ts';
import type { Job } from '../../src/pool/job.ts';
import type { newOps } from '../../src/primitives/table.ts';

export function engineJob(
  modules: { newOps: typeof newOps; compileProgram: typeof compileProgram },
  spec?: { n?: number; width?: number; depth?: number; dtype?: 'float32' | 'float64'; engine?: EngineName },
): Job;
