/** Whether tests can have TensorFlow: `eval "$(node scripts/tensorflow.mjs)"` sets it up. */

import { isTfjsNodeInstalled } from '../../src/compile/tensorflow/tfjs-node.ts';

/** Why not, for tests to say when they skip; undefined: they can. */
export const tensorflowMissing: string | undefined = isTfjsNodeInstalled()
  ? undefined
  : 'neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node is installed; eval "$(node scripts/tensorflow.mjs)"';
