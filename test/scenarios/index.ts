/** All scenarios, family by family. */

import { arrays } from './arrays.ts';
import { complexes } from './complexes.ts';
import { elementwise } from './elementwise.ts';
import { linalg } from './linalg.ts';
import { losses } from './losses.ts';
import { networks } from './networks.ts';
import { physics } from './physics.ts';
import { reductions } from './reductions.ts';
import { selections } from './selections.ts';
import { trees } from './trees.ts';

export const families = {
  arrays,
  complexes,
  elementwise,
  linalg,
  losses,
  networks,
  physics,
  reductions,
  selections,
  trees,
};
export const scenarios = Object.values(families).flatMap((family) => family.scenarios);
