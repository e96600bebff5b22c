/** All scenarios, family by family. */

import { arrays } from './arrays.ts';
import { elementwise } from './elementwise.ts';
import { losses } from './losses.ts';
import { networks } from './networks.ts';
import { physics } from './physics.ts';
import { reductions } from './reductions.ts';
import { trees } from './trees.ts';

export const families = { arrays, elementwise, losses, networks, physics, reductions, trees };
export const scenarios = Object.values(families).flatMap((family) => family.scenarios);
