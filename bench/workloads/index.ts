/** The workloads by name; each is made when it is asked for. */

import { cnn } from './cnn.ts';
import { heat } from './heat.ts';
import { lstm } from './lstm.ts';
import { mlp } from './mlp.ts';
import { mlpLarge } from './mlp-large.ts';
import { nbody } from './nbody.ts';
import { optics } from './optics.ts';
import { pinn } from './pinn.ts';
import { rosen } from './rosen.ts';
import { tall } from './tall.ts';
import { transformer } from './transformer.ts';
import { wide } from './wide.ts';
import type { Workload } from './workload.ts';

export const workloads: Readonly<Record<string, () => Workload>> = {
  mlp,
  optics,
  heat,
  rosen,
  cnn,
  lstm,
  transformer,
  nbody,
  pinn,
  'mlp-large': mlpLarge,
  wide,
  tall,
};
