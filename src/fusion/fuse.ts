/** Program → fused loops. */

import type { Program } from '../ir/program.ts';
import { remembered } from '../ir/remembered.ts';
import { chooseRoots } from './choose.ts';
import { expand } from './expand.ts';
import type { Fused } from './kernel.ts';
import { readConstants } from './read-constants.ts';

/** The program as calls of fused loops; only for programs that `isFusible`. A planner prices one that is then compiled. */
export const fuse = remembered((given: Program): Fused => {
  const { program, constants } = readConstants(given);
  return expand(program, chooseRoots(program), constants);
});
