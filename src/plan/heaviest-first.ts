/** The order in which tiles of a matrix are worked off: the last ones are small, so that workers end together. */

import type { Tile } from '../pool/job.ts';
import type { Planned } from './plan.ts';

const ordered = new WeakMap<Planned, readonly Tile[]>();

/** The tiles by what one of their group takes, neighbours within a group. */
export const heaviestFirst = (planned: Planned): readonly Tile[] => {
  const known = ordered.get(planned);
  if (known) return known;
  const price = ({ group }: Tile): number => planned.prices[group].nanoseconds * planned.groups[group].width;
  const made = [...planned.tiles].sort((a, b) => price(b) - price(a));
  ordered.set(planned, made);
  return made;
};
