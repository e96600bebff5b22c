/** The order in which tiles of a matrix are worked off: the last ones are small, so that workers end together. */

import { remembered } from '../ir/remembered.ts';
import type { Tile } from '../pool/job.ts';
import type { Planned } from './plan.ts';

/** The tiles by what one of their group takes, neighbours within a group. */
export const heaviestFirst = remembered((planned: Planned): readonly Tile[] => {
  const price = ({ group }: Tile): number => planned.prices[group].nanoseconds * planned.groups[group].width;
  return [...planned.tiles].sort((a, b) => price(b) - price(a));
});
