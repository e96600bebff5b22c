/** All kernels that can be recorded, by tfjs' kernel name, and those that can't with the reason why. */

import type { KernelFamily } from '../kernel.ts';
import { activations } from './activation.ts';
import { binary } from './binary.ts';
import { contractions } from './contraction.ts';
import { convolutions } from './convolution-kernels.ts';
import { cropping } from './cropping.ts';
import { cumulative } from './cumulative.ts';
import { indexing } from './indexing.ts';
import { logic } from './logic.ts';
import { morphology } from './morphology.ts';
import { movement } from './movement.ts';
import { normalizations } from './normalization.ts';
import { padding } from './padding.ts';
import { poolings } from './pooling-kernels.ts';
import { power } from './power.ts';
import { reductions } from './reduction.ts';
import { resizing } from './resizing.ts';
import { segments } from './segment.ts';
import { slicing } from './slicing.ts';
import { softmaxes } from './softmax.ts';
import { sorting } from './sorting.ts';
import { unary } from './unary.ts';
import { warping } from './warping.ts';

export { refusedKernels } from './refused.ts';

export const kernels: KernelFamily = {
  ...unary,
  ...activations,
  ...binary,
  ...power,
  ...logic,
  ...reductions,
  ...cumulative,
  ...softmaxes,
  ...movement,
  ...slicing,
  ...padding,
  ...indexing,
  ...segments,
  ...sorting,
  ...contractions,
  ...convolutions,
  ...poolings,
  ...normalizations,
  ...resizing,
  ...cropping,
  ...warping,
  ...morphology,
};
