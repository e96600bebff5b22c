/** The workloads by name; each is made when it is asked for. */

import { cnn } from './cnn.ts';
import { heat } from './heat.ts';
import { mlp } from './mlp.ts';
import { optics } from './optics.ts';
import { rosen } from './rosen.ts';
import type { Workload } from './workload.ts';

export const workloads: Readonly<Record<string, () => Workload>> = { mlp, optics, heat, rosen, cnn };
