/**
 * What does one image say about a telescope's mirror? Its wavefront is fitted to the photons that were counted, through
 * Fourier transforms of complex tensors; the Hessian of the likelihood, in float64 on the pool, says how sure each mode is.
 */

import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { hessian } from 'diffops';
import { inverse, Matrix } from 'ml-matrix';
import { estimate, information } from './wavefront/fit.ts';
import { expose, image, loss, modes, normal } from './wavefront/telescope.ts';

const PHOTONS = 2e5;
const SKY = 2;
/** Radians of the first modes; the later ones are smaller. */
const ABERRATION = 0.3;
const COLUMN = 12;

const deviate = normal(11);
const aberrations = modes.map(({ noll }) => (2 * ABERRATION * deviate()) / noll);
const truth = Float64Array.from([...aberrations, Math.log(PHOTONS), Math.log(SKY)]);
const start = Float64Array.from([...aberrations.map(() => 0), Math.log(PHOTONS / 2), 0]);

await tf.ready();
const counts = expose(image(tf.tensor1d([...truth])).dataSync(), 5);
const found = await estimate(start, counts);
console.log(
  `Fitted ${found.steps} steps: loss ${found.value.toFixed(3)}, ${found.distance.toExponential(1)} σ from the mode\n`,
);

const { H, report } = await hessian(loss, found.x, { data: counts, workers: availableParallelism() });
console.log(`${report}\n`);

const deviations = (matrix: Matrix): number[] => inverse(matrix).diagonal().map(Math.sqrt);
const observed = new Matrix(H.toArray());
const seen = deviations(observed);
const expected = deviations(await information(found.x));

const cell = (value: number): string => value.toFixed(4).padStart(COLUMN);
console.log(
  `${'radians'.padEnd(16)}${['truth', 'fit', '± seen', '± expected'].map((s) => s.padStart(COLUMN)).join('')}`,
);
for (const [i, { name }] of modes.entries()) {
  console.log(`${name.padEnd(16)}${[truth[i], found.x[i], seen[i], expected[i]].map(cell).join('')}`);
}

const error = Matrix.columnVector(found.x.map((v, i) => v - truth[i]));
const surprise = error.transpose().mmul(observed).mmul(error).get(0, 0);
console.log(`\nThe errors, all together: χ² = ${surprise.toFixed(1)} for ${truth.length} parameters`);
