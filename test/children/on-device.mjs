/** Computes a Hessian on a device and prints what became of it. */

import * as tf from '@tensorflow/tfjs';

const [library, device] = process.argv.slice(2);
const { hessian } = await import(library);
const answer = await hessian((x) => tf.sum(tf.square(x)), tf.tensor1d([1, 2]), { device }).then(
  ({ H }) => ({ H: H.toArray() }),
  ({ code, message, fields }) => ({ code, message, fields }),
);
process.stdout.write(JSON.stringify(answer));
