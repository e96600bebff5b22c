/** The smallest use: the Hessian of a loss over a tree of parameters, and a Jacobian. */

import * as tf from '@tensorflow/tfjs';
import { float64, hessian, hessianToPytree, jacobian } from 'diffops';

// Parameters are a tree. float64 leaves make the whole computation float64; ordinary tensors give float32.
const x = { bias: float64([0.5]), weights: float64([1, -2, 3]) };
const inputs = float64([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [2, 3]);

const predict = (p: typeof x) => tf.sigmoid(inputs.dot(p.weights).add(p.bias));
const loss = (p: typeof x) => predict(p).sub([0, 1]).square().sum();

const { H, unflatten, report } = await hessian(loss, x, { nbatches: 2 });
console.log(H.shape, H.toArray()); // [4, 4]: bias first, keys are sorted
console.log(hessianToPytree(H, x).bias.weights.shape); // [1, 3]
console.log(unflatten(H.row(0))); // a column of H (or a step, or a gradient) as a tree like x

const { J } = await jacobian(predict, x);
console.log(J.shape, J.toArray()); // [2, 4]

console.log(String(report));
