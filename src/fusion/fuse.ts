/** Program → fused loops. */

import type { Program } from '../ir/program.ts';
import { chooseRoots } from './choose.ts';
import { expand } from './expand.ts';
import type { Fused } from './kernel.ts';

/** Programs never change; a planner prices one that is then compiled. */
const known = new WeakMap<Program, Fused>();

/** The program as calls of fused loops; only for programs that `isFusible`. */
export const fuse = (program: Program): Fused => {
  const found = known.get(program) ?? expand(program, chooseRoots(program));
  known.set(program, found);
  return found;
};
