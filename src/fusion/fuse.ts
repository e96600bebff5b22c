/** Program → fused loops. */

import type { Program } from '../ir/program.ts';
import { chooseRoots } from './choose.ts';
import { expand } from './expand.ts';
import type { Fused } from './kernel.ts';

/** The program as calls of fused loops; only for programs that `isFusible`. */
export const fuse = (program: Program): Fused => expand(program, chooseRoots(program));
